import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { eventually } from '#kernel/testing/eventually.ts';
import { llmWorld } from '../testing/llm-world.ts';

/** What an Ollama answers to the two calls that finding and using it take (its docs/api.md and docs/openai.md). */
async function ollama(): Promise<AsyncDisposable & { readonly url: string; readonly asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    request.resume();
    response.setHeader('content-type', 'application/json');
    if (request.url === '/api/tags') {
      const models = [
        { name: 'llama3.2:1b', details: { family: 'llama' } },
        { name: 'nomic-embed-text', details: { family: 'nomic-bert' } },
      ];
      response.end(JSON.stringify({ models }));
      return;
    }
    const message = { role: 'assistant', content: 'from ollama' };
    response.end(
      JSON.stringify({
        id: 'x',
        object: 'chat.completion',
        created: 1,
        model: 'llama3.2:1b',
        choices: [{ index: 0, message, finish_reason: 'stop' }],
        usage: { prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 },
      }),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

test('an Ollama on this machine is found by itself, and its models answer under its name', async () => {
  await using found = await ollama();
  await using it = await llmWorld({ CDS_LLM_OLLAMA_URL: found.url });
  await eventually(async () => {
    const { body } = await it.request('GET /v1/models');
    const ids = body.data.map(({ id }: { id: string }) => id);
    assert.ok(ids.includes('ollama/llama3.2:1b'), ids.join());
    assert.ok(ids.includes('ollama/nomic-embed-text'), ids.join());
  });
  const { status, body } = await it.request('POST /v1/chat/completions', {
    body: { model: 'ollama/llama3.2:1b', messages: [{ role: 'user', content: 'hi' }] },
  });
  assert.equal(status, 200, JSON.stringify(body));
  assert.equal(body.choices[0].message.content, 'from ollama');
  assert.equal(body.usage.total_tokens, 9);
  assert.ok(found.asked.includes('/v1/chat/completions'));
});

test('something else that answers where an Ollama would is none', async () => {
  await using other = await (async () => {
    const server = createServer((_request, response) => void response.end('<html>a router</html>'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      async [Symbol.asyncDispose]() {
        server.closeAllConnections();
        server.close();
      },
    };
  })();
  await using it = await llmWorld({ CDS_LLM_OLLAMA_URL: other.url });
  const { body } = await it.request('GET /v1/models');
  assert.deepEqual(body.data, []);
});
