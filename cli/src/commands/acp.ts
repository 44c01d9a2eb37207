import { once } from 'node:events';
import path from 'node:path';
import { Readable, Writable } from 'node:stream';
import { parseArgs } from 'node:util';
import { ndJsonStream } from '@agentclientprotocol/sdk';
import { platformVersion } from '@cyberdevstudio/server/kernel/version.ts';
import { editorAgent } from '../acp/editor-agent.ts';
import { createSessionStore } from '../acp/session-store.ts';
import { manageConnections } from '../connections.ts';
import { userFolder } from '../credentials.ts';
import type { Terminal } from '../terminal.ts';

const usage = {
  en: `Usage: cds acp [--project <id>] [--model auto/code]      the agents for an editor, on standard input and output
       cds acp agents add|list|rm|test …                  agents of others that a project uses
Needs cds login or CDS_API_KEY. Without --project it is the project that is named like the editor's folder.`,
  de: `Aufruf: cds acp [--project <ID>] [--model auto/code]      die Agenten für einen Editor, über Ein- und Ausgabe
        cds acp agents add|list|rm|test …                  fremde Agenten, die ein Projekt nutzt
Braucht cds login oder CDS_API_KEY. Ohne --project ist es das Projekt, das wie der Ordner des Editors heißt.`,
};

/** `cds acp`: the platform's agents for editors such as Zed. Standard output belongs to the protocol. */
export async function run(argv: readonly string[], terminal: Terminal): Promise<number> {
  if (argv[0] === 'agents') return manageConnections('agent', argv.slice(1), terminal);
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: { project: { type: 'string' }, model: { type: 'string', default: 'auto/code' } },
  });
  if (positionals.length > 0) {
    terminal.printError(usage[terminal.language]);
    return 2;
  }
  const { stdin, stdout } = process;
  const app = editorAgent({
    terminal,
    store: createSessionStore(path.join(userFolder(terminal), 'acp')),
    version: platformVersion(),
    projectId: values.project,
    model: values.model,
  });
  const input = Readable.toWeb(stdin) as ReadableStream<Uint8Array>;
  const output = Writable.toWeb(stdout) as WritableStream<Uint8Array>;
  const connection = app.connect(ndJsonStream(output, input));
  await Promise.race([connection.closed, once(stdin, 'close')]);
  connection.close();
  return 0;
}
