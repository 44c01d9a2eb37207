import { fault } from '@cyberdevstudio/server/base/fault.ts';
import { platformVersion } from '@cyberdevstudio/server/kernel/version.ts';
import { bridgeStdio } from '@cyberdevstudio/server/modules/mcp/offline.ts';
import { manageConnections } from '../connections.ts';
import { apiKeyFor, platformUrl } from '../credentials.ts';
import type { Terminal } from '../terminal.ts';

/**
 * `cds mcp`: the running platform as an MCP server on standard input and output. CDS_API_KEY is the key
 * (or what `cds login` keeps), CDS_URL the platform's address. Standard output belongs to the protocol: everything else goes to standard error.
 */
export async function run(argv: readonly string[], terminal: Terminal): Promise<number> {
  if (argv[0] === 'servers') return manageConnections('server', argv.slice(1), terminal);
  const url = platformUrl(terminal);
  if (argv.length > 0) {
    const usage = { en: 'Usage: cds mcp [servers …]', de: 'Aufruf: cds mcp [servers …]' };
    terminal.printError(usage[terminal.language]);
    return 2;
  }
  if (!URL.canParse(url))
    throw fault('common.invalid_params', { field: 'CDS_URL', reason: 'not an address' });
  const apiKey = apiKeyFor(terminal);
  if (apiKey === undefined) throw fault('mcp.no_key');
  await bridgeStdio({ url, apiKey, version: platformVersion(), onError: terminal.printError });
  return 0;
}
