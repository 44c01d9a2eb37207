import { parseArgs } from 'node:util';
import { AiClient, clientConfig } from '@cyberdevstudio/server/modules/mcp/contract-clients.ts';
import { say, type Terminal } from '../terminal.ts';

const usage = {
  en: `Usage: cds export continue|aider|opencode [--model auto] [--url http://127.0.0.1:6711]
Prints the set-up of that client; where it belongs stands on standard error. It holds no key.`,
  de: `Aufruf: cds export continue|aider|opencode [--model auto] [--url http://127.0.0.1:6711]
Gibt die Einrichtung dieses Clients aus; wohin sie gehört, steht auf der Fehlerausgabe. Ein Schlüssel ist nicht darin.`,
};

/** `cds export`: the set-up of another AI client that points it at this platform. */
export async function run(argv: readonly string[], terminal: Terminal): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      model: { type: 'string', default: 'auto' },
      url: { type: 'string', default: terminal.environment.CDS_URL ?? 'http://127.0.0.1:6711' },
    },
  });
  const client = AiClient.safeParse(positionals[0]);
  if (!client.success || !URL.canParse(values.url)) {
    say(terminal, usage);
    return 2;
  }
  const { path, content, commands } = clientConfig(client.data, values);
  terminal.print(content.trimEnd());
  terminal.printError(`# ${path}`);
  for (const command of commands) terminal.printError(`# ${command}`);
  return 0;
}
