import assert from 'node:assert/strict';
import { type LlmWorld, llmWorld, type TestUser } from './llm-world.ts';
import { type TestUpstream, testUpstream } from './upstream.ts';

export const providerKey = 'sk-test-0123456789abcdef-very-secret';

export interface ProviderWorld extends LlmWorld {
  readonly upstream: TestUpstream;
  /** The names in the order given; each is a model of the provider `up`. */
  routing(change: object): Promise<void>;
  /** Streams a chat and returns the body’s text as it came. */
  stream(
    model: string,
    options?: { user?: TestUser; body?: object },
  ): Promise<{ status: number; text: string; content: string }>;
  chat(model: string, options?: { user?: TestUser; body?: object }): ReturnType<LlmWorld['request']>;
}

const models = ['a', 'b', 'c', 'd'];

/** The model server with one provider that is a real HTTP server of the test. */
export async function providerWorld(
  environment: Readonly<Record<string, string>> = {},
): Promise<ProviderWorld> {
  const upstream = await testUpstream();
  const it = await llmWorld(environment);
  const created = await it.request('POST /admin/providers', {
    body: {
      name: 'up',
      kind: 'openai',
      baseUrl: `${upstream.url}/v1`,
      apiKey: providerKey,
      models: models.map((id) => ({
        id,
        contextSize: 1_000,
        inputCost: '0.000002',
        cachedInputCost: '0.000001',
        outputCost: '0.00001',
      })),
    },
  });
  assert.equal(created.status, 201, JSON.stringify(created.body));
  const messages = [{ role: 'user', content: 'count' }];
  return {
    ...it,
    upstream,
    async routing(change) {
      const answer = await it.request('PUT /admin/routing', { body: change });
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
    },
    chat: (model, { user = it.admin, body = {} } = {}) =>
      it.request('POST /v1/chat/completions', { token: user.token, body: { model, messages, ...body } }),
    async stream(model, { user = it.admin, body = {} } = {}) {
      const answer = await it.request('POST /v1/chat/completions', {
        token: user.token,
        body: { model, messages, stream: true, ...body },
      });
      const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
      return { status: answer.status, text, content: contentOf(text) };
    },
    async [Symbol.asyncDispose]() {
      await it[Symbol.asyncDispose]();
      await upstream[Symbol.asyncDispose]();
    },
  };
}

function contentOf(text: string): string {
  return text
    .split('\n\n')
    .filter((event) => event.startsWith('data: {'))
    .map((event) => JSON.parse(event.slice(6)).choices?.[0]?.delta?.content ?? '')
    .join('');
}
