import { randomUUID } from 'node:crypto';
import path from 'node:path';
import type { ParamsOf, ResultOf, UnaryMethodName } from '#base/contract.ts';
import type { Principal, Role } from '#base/principal.ts';
import { type TestWorld, testWorld } from '#kernel/testing/world.ts';
import { authContract } from '#modules/auth/contract.ts';
import { auth } from '#modules/auth/module.ts';
import { ledger } from '#modules/ledger/module.ts';
import { projectsContract } from '../contract.ts';
import { projects } from '../module.ts';

type C = typeof projectsContract;

/** Somebody who calls project.* methods as a client would. */
export interface Person {
  readonly principal: Principal;
  call<K extends UnaryMethodName<C>>(method: K, params: ParamsOf<C, K>): Promise<ResultOf<C, K>>;
  /** An access token; only for people with an account. */
  readonly token: string;
}

export interface ProjectWorld extends AsyncDisposable {
  readonly world: TestWorld;
  /** Somebody without an account: enough wherever no user name is looked up. */
  person(role?: Role): Person;
  /** Somebody with an account. */
  account(role?: Role): Promise<Person>;
  /** The workspace folder of a project on disk. */
  workspaceOf(projectId: string): string;
}

const password = 'seven quiet herons';

/** Projects on a real database, with real accounts, files and git. */
export async function projectWorld(
  environment: Readonly<Record<string, string>> = {},
): Promise<ProjectWorld> {
  const world = await testWorld([ledger, auth, projects], { environment });
  const client = world.client(projectsContract);

  function personOf(principal: Principal, token: string): Person {
    return {
      principal,
      token,
      call: (method, params) => client.call(method, params, world.call(principal)),
    };
  }

  function principalOf(role: Role, userId: string, username: string): Principal {
    return { userId, username, role, credential: { kind: 'session', sessionId: randomUUID() } };
  }

  return {
    world,
    person(role = 'developer') {
      const userId = randomUUID();
      return personOf(principalOf(role, userId, `user-${userId.slice(0, 8)}`), '');
    },
    async account(role = 'developer') {
      const username = `u-${randomUUID().slice(0, 13)}`;
      const accounts = world.client(authContract);
      const admin = world.call({ role: 'admin' });
      await accounts.call('admin.users.create', { username, password, role }, admin);
      const signedIn = await accounts.call('auth.login', { username, password }, world.call(null));
      return personOf(principalOf(role, signedIn.user.id, username), signedIn.accessToken);
    },
    workspaceOf: (projectId) => path.join(world.dataDir, 'projects', projectId, 'workspace'),
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}
