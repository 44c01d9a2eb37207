import { fault } from '#base/fault.ts';
import type { Principal } from '#base/principal.ts';
import type { Handlers } from '#kernel/module.ts';
import { adminHandlers } from './admin-handlers.ts';
import type { authContract } from './contract.ts';
import { type AuthServices, actorOf } from './services.ts';

/** What can make access must not be reachable by a key that leaked. @throws auth.session_required */
function sessionOf(user: Principal): string {
  if (user.credential.kind !== 'session') throw fault('auth.session_required');
  return user.credential.sessionId;
}

/** Auth's methods, each handed to the part that has its rules. */
export function handlersOf(services: AuthServices): Handlers<typeof authContract> {
  const { accounts, apiKeys, directory, introspect, keys, passwordChanges, sessions, signIn } = services;
  return {
    ...adminHandlers(services),
    'auth.status': () => services.status(),
    'auth.register': ({ params, call }) => signIn.register(params, call),
    'auth.login': ({ params, call }) => signIn.login(params, call),
    'auth.refresh': ({ params, call }) => sessions.renew(params.refreshToken, call),
    'auth.logout': async ({ params: { refreshToken }, user, call }) => {
      const sessionId = sessionOf(user);
      const { userId } = user;
      const { traceId } = call;
      await sessions.end({ userId, sessionId, traceId });
      if (refreshToken !== undefined) await sessions.endByRefreshToken({ userId, refreshToken, traceId });
      return null;
    },
    'auth.me': async ({ user }) => {
      const { lastSignInAt: _, ...me } = await accounts.read(user.userId);
      return me;
    },
    'auth.password': async ({ params, user, call }) => {
      await passwordChanges.change({ ...params, userId: user.userId, sessionId: sessionOf(user) }, call);
      return null;
    },
    'auth.apiKey.generate': ({ params: { name, scopes, expiresAt }, user, call }) => {
      sessionOf(user);
      return apiKeys.generate({ userId: user.userId, name, scopes, expiresAt, actor: actorOf(user, call) });
    },
    'auth.apiKey.list': async ({ user }) => ({ apiKeys: await apiKeys.list(user.userId) }),
    'auth.apiKey.revoke': async ({ params, user, call }) => {
      sessionOf(user);
      await apiKeys.revoke({ userId: user.userId, apiKeyId: params.id, actor: actorOf(user, call) });
      return null;
    },
    'auth.session.list': async ({ user }) => {
      const currentId = user.credential.kind === 'session' ? user.credential.sessionId : null;
      return { sessions: await sessions.list({ userId: user.userId, currentId }) };
    },
    'auth.session.revoke': async ({ params, user, call }) => {
      sessionOf(user);
      await sessions.end({ userId: user.userId, sessionId: params.id, traceId: call.traceId });
      return null;
    },
    'auth.jwks': async () => ({ keys: await keys.published() }),
    'auth.introspect': ({ params }) => introspect(params.token),
    'auth.users.find': ({ params }) => directory.find(params.username),
    'auth.users.describe': async ({ params }) => ({ users: await directory.describe(params.userIds) }),
  };
}
