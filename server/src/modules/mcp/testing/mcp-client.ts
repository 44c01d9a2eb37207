import assert from 'node:assert/strict';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

export type Era = '2025' | '2026';

/** A client of the protocol's era with the key of an account. */
export async function connectMcp(url: string, { token }: { readonly token: string }, era: Era = '2026') {
  const client = new Client(
    { name: 'test', version: '1' },
    { versionNegotiation: { mode: era === '2025' ? 'legacy' : { pin: '2026-07-28' } } },
  );
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`${url}/mcp`), {
      requestInit: { headers: { authorization: `Bearer ${token}` } },
    }),
  );
  return {
    client,
    names: async () => (await client.listTools()).tools.map(({ name }) => name),
    /** What a tool answers, which is also checked against its schema by the client. */
    async use<T = Record<string, unknown>>(name: string, values: Record<string, unknown> = {}): Promise<T> {
      const result = await client.callTool({ name, arguments: values });
      const [content] = result.content;
      assert.equal(result.isError ?? false, false, content?.type === 'text' ? content.text : '');
      assert.deepEqual(content?.type === 'text' ? JSON.parse(content.text) : null, result.structuredContent);
      return result.structuredContent as T;
    },
    /** The text of a tool's refusal. */
    async refusal(name: string, values: Record<string, unknown> = {}): Promise<string> {
      const result = await client.callTool({ name, arguments: values });
      assert.equal(result.isError, true, JSON.stringify(result).slice(0, 500));
      const [content] = result.content;
      return content?.type === 'text' ? content.text : '';
    },
    [Symbol.asyncDispose]: () => client.close(),
  };
}
