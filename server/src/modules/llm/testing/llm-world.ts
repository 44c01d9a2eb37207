import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Role } from '#base/principal.ts';
import { type TestWorld, testWorld } from '#kernel/testing/world.ts';
import { authContract } from '#modules/auth/contract.ts';
import { auth } from '#modules/auth/module.ts';
import { ledgerContract } from '#modules/ledger/contract.ts';
import { ledger } from '#modules/ledger/module.ts';
import { llm } from '../module.ts';

export interface TestUser {
  readonly id: string;
  readonly token: string;
}

export interface LlmAnswer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies freely; a wrong guess fails the test
  readonly body: any;
  readonly headers: Headers;
}

export interface LlmWorld extends AsyncDisposable {
  readonly world: TestWorld;
  readonly admin: TestUser;
  readonly modelsDir: string;
  user(role?: Role): Promise<TestUser>;
  apiKey(user: TestUser, scopes?: string[]): Promise<string>;
  request(
    line: string,
    options?: {
      readonly body?: unknown;
      readonly token?: string | null;
      readonly headers?: Record<string, string>;
    },
  ): Promise<LlmAnswer>;
  /** Answers once nothing is held for the user any more. */
  settled(user: TestUser): Promise<{ readonly tokens: number }>;
  usage(user: TestUser): Promise<{
    requests: number;
    promptTokens: number;
    cachedPromptTokens: number;
    completionTokens: number;
    chargedTokens: number;
    cost: string;
  }>;
}

const password = 'seven quiet herons';

/** The model server with accounts and the ledger, spoken to over HTTP as clients do. */
export async function llmWorld(environment: Readonly<Record<string, string>> = {}): Promise<LlmWorld> {
  const world = await testWorld([ledger, auth, llm], {
    environment: {
      CDS_ADMIN_PASSWORD: password,
      CDS_LLM_OLLAMA_URL: '',
      CDS_LLM_PURSE_IDLE_MS: '0',
      CDS_LLM_MODEL_THREADS: '1',
      CDS_RATE_INFERENCE_PER_SECOND: '100000',
      CDS_RATE_INFERENCE_BURST: '100000',
      CDS_RATE_AUTH_PER_SECOND: '1000',
      CDS_RATE_AUTH_BURST: '1000',
      ...environment,
    },
  });
  const modelsDir = path.join(world.dataDir, 'models');
  mkdirSync(modelsDir, { recursive: true });
  const client = world.client(authContract);

  const request: LlmWorld['request'] = async (line, { body, token = admin.token, headers = {} } = {}) => {
    const [verb = 'GET', place = '/'] = line.split(' ', 2);
    const response = await fetch(world.url + place, {
      method: verb,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: parsed(text), headers: response.headers };
  };

  async function signIn(username: string): Promise<TestUser> {
    const answer = await request('POST /auth/login', { body: { username, password }, token: null });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return { id: answer.body.user.id, token: answer.body.accessToken };
  }

  const admin: TestUser = await signIn('admin');

  async function settled(user: TestUser) {
    for (;;) {
      const { balances } = await world
        .client(ledgerContract)
        .call('ledger.balances', { userIds: [user.id] }, world.call(null));
      const balance = balances[user.id];
      if (balance?.heldTokens === 0) return balance;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  return {
    world,
    admin,
    settled,
    modelsDir,
    request,
    async user(role = 'developer') {
      const username = `u-${randomUUID().slice(0, 13)}`;
      await client.call('admin.users.create', { username, password, role }, world.call({ role: 'admin' }));
      return signIn(username);
    },
    async apiKey(user, scopes) {
      const answer = await request('POST /auth/api-key/generate', {
        token: user.token,
        body: { name: 'test', ...(scopes === undefined ? {} : { scopes }) },
      });
      assert.equal(answer.status, 201, JSON.stringify(answer.body));
      return answer.body.apiKey;
    },
    async usage(user) {
      await settled(user);
      const answer = await world.client(ledgerContract).call('usage.me', {}, world.call({ userId: user.id }));
      return answer.total;
    },
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

function parsed(text: string): unknown {
  try {
    return text === '' ? null : JSON.parse(text);
  } catch {
    return text;
  }
}
