import { once } from 'node:events';
import { Client, SdkHttpError, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Server } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { fault } from '#base/fault.ts';

export interface StdioBridge {
  /** Address of the running platform, such as http://127.0.0.1:6711. */
  readonly url: string;
  readonly apiKey: string;
  readonly version: string;
  readonly onError: (message: string) => void;
}

/** A program may run for long; who waits for it decides when it has been too long. */
const longestCallMs = 24 * 60 * 60_000;

/**
 * Carries MCP from standard input and output to `/mcp` of a running platform, until the input ends. Rights and limits
 * are the server's, by the key. The key is sent to that address only, also when it redirects.
 * @throws mcp.key_refused, mcp.unreachable
 */
export async function bridgeStdio({ url, apiKey, version, onError }: StdioBridge): Promise<void> {
  const upstream = new Client({ name: 'cds-mcp', version }, { versionNegotiation: { mode: 'auto' } });
  try {
    await upstream.connect(
      new StreamableHTTPClientTransport(new URL('/mcp', url), {
        requestInit: { headers: { authorization: `Bearer ${apiKey}` } },
      }),
    );
  } catch (error) {
    if (error instanceof SdkHttpError && error.status === 401) throw fault('mcp.key_refused', { url });
    throw fault('mcp.unreachable', { url }, { cause: error });
  }
  const served = serveStdio(() => serverOf(upstream, version), {
    onerror: ({ message }) => onError(message),
  });
  try {
    await once(process.stdin, 'close');
  } finally {
    await served.close();
    await upstream.close();
  }
}

function serverOf(upstream: Client, version: string): Server {
  const instructions = upstream.getInstructions();
  const server = new Server(
    { name: 'cyberdevstudio', title: 'CyberDevStudio', version },
    { capabilities: { tools: {}, prompts: {} }, ...(instructions === undefined ? {} : { instructions }) },
  );
  server.setRequestHandler('tools/list', async () => {
    const { tools } = await upstream.listTools(undefined, { cacheMode: 'refresh' });
    return { tools };
  });
  server.setRequestHandler('tools/call', ({ params }, { mcpReq }) =>
    upstream.callTool(
      { name: params.name, arguments: params.arguments ?? {} },
      { signal: mcpReq.signal, timeout: longestCallMs },
    ),
  );
  server.setRequestHandler('prompts/list', async () => {
    const { prompts } = await upstream.listPrompts(undefined, { cacheMode: 'refresh' });
    return { prompts };
  });
  server.setRequestHandler('prompts/get', ({ params }, { mcpReq }) =>
    upstream.getPrompt(
      { name: params.name, ...(params.arguments === undefined ? {} : { arguments: params.arguments }) },
      { signal: mcpReq.signal },
    ),
  );
  return server;
}
