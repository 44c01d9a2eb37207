import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Role } from '#base/principal.ts';
import { type TestWorld, testWorld } from '#kernel/testing/world.ts';
import { ledger } from '#modules/ledger/module.ts';
import { authContract } from '../contract.ts';
import { auth } from '../module.ts';

export const adminPassword = 'a first password for tests';
export const goodPassword = 'seven quiet herons';

/** What an HTTP request of a test came to. */
export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies freely; a wrong guess fails the test
  readonly body: any;
  readonly headers: Headers;
}

export interface RequestOptions {
  readonly body?: unknown;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface SignedInUser {
  readonly id: string;
  readonly username: string;
  readonly accessToken: string;
  readonly refreshToken: string;
}

export interface AuthWorld extends AsyncDisposable {
  readonly world: TestWorld;
  request(line: string, options?: RequestOptions): Promise<Answer>;
  login(username: string, password?: string): Promise<Answer>;
  register(username?: string): Promise<SignedInUser>;
  /** A user of the given role, signed in. */
  user(role: Role): Promise<SignedInUser>;
  admin(): Promise<SignedInUser>;
  /** Whether the token opens /auth/me: 200 or 401. */
  statusOf(token: string): Promise<number>;
  /** Payloads of durable events of this name, oldest first. */
  events(name: string): Promise<Record<string, unknown>[]>;
}

/** Accounts on a real database, spoken to over HTTP as clients do. */
export async function authWorld(environment: Readonly<Record<string, string>> = {}): Promise<AuthWorld> {
  const world = await testWorld([ledger, auth], {
    environment: { CDS_ADMIN_PASSWORD: adminPassword, ...environment },
  });

  async function request(line: string, options: RequestOptions = {}): Promise<Answer> {
    const [verb = 'GET', path = '/'] = line.split(' ', 2);
    const { body, token, headers = {} } = options;
    // Lets the edge's rate limit fill up again: it is not what these tests are about.
    if (verb !== 'GET') world.clock.advance(500);
    const response = await fetch(world.url + path, {
      method: verb,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      body: text === '' ? null : JSON.parse(text),
      headers: response.headers,
    };
  }

  function signedIn(answer: Answer): SignedInUser {
    assert.ok(answer.status < 300, JSON.stringify(answer.body));
    const { user, accessToken, refreshToken } = answer.body;
    return { id: user.id, username: user.username, accessToken, refreshToken };
  }

  const login = (username: string, password = goodPassword) =>
    request('POST /auth/login', { body: { username, password } });
  const admin = async () => signedIn(await login('admin', adminPassword));

  return {
    world,
    request,
    login,
    admin,
    async register(username = `u-${randomUUID().slice(0, 13)}`) {
      return signedIn(await request('POST /auth/register', { body: { username, password: goodPassword } }));
    },
    async user(role) {
      const username = `u-${randomUUID().slice(0, 13)}`;
      const client = world.client(authContract);
      const body = { username, password: goodPassword, role };
      await client.call('admin.users.create', body, world.call({ role: 'admin' }));
      return signedIn(await login(username));
    },
    statusOf: async (token) => (await request('GET /auth/me', { token })).status,
    async events(name) {
      const rows = await world.database.query<{ payload: Record<string, unknown> }>({
        text: 'select payload from kernel.event where name = $1 order by sequence',
        values: [name],
      });
      return rows.map((row) => row.payload);
    },
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}
