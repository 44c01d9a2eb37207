import { fault } from '@cyberdevstudio/server/base/fault.ts';
import { platformVersion } from '@cyberdevstudio/server/kernel/version.ts';
import { bridgeStdio } from '@cyberdevstudio/server/modules/mcp/offline.ts';
import type { Terminal } from '../terminal.ts';

/**
 * `cds mcp`: the running platform as an MCP server on standard input and output. CDS_API_KEY is the key, CDS_URL the
 * platform's address. Standard output belongs to the protocol: everything else goes to standard error.
 */
export async function run(argv: readonly string[], terminal: Terminal): Promise<number> {
  const { CDS_API_KEY: apiKey = '', CDS_URL: url = 'http://127.0.0.1:6711' } = terminal.environment;
  if (argv.length > 0) {
    const usage = { en: 'Usage: CDS_API_KEY=… cds mcp', de: 'Aufruf: CDS_API_KEY=… cds mcp' };
    terminal.printError(usage[terminal.language]);
    return 2;
  }
  if (apiKey === '') throw fault('mcp.no_key');
  if (!URL.canParse(url))
    throw fault('common.invalid_params', { field: 'CDS_URL', reason: 'not an address' });
  await bridgeStdio({ url, apiKey, version: platformVersion(), onError: terminal.printError });
  return 0;
}
