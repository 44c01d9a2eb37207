import { z } from 'zod';
import type { MethodDefinitions } from '#base/contract.ts';
import { Principal, Role } from '#base/principal.ts';

const KnownUser = z.object({ id: z.string(), username: z.string(), role: Role });

/** What other parts of the platform ask about identities. */
export const serviceMethods = {
  'auth.introspect': {
    summary: 'Resolves an access token or API key to a principal; null when it is not valid now.',
    access: 'service',
    // Any text: what can't be a token is answered with null, like every other token that is not valid.
    params: z.strictObject({ token: z.string() }),
    result: z.object({ principal: Principal, expiresAtMs: z.number() }).nullable(),
  },
  'auth.users.find': {
    summary: 'Finds a user by name, upper and lower case alike; null when there is none.',
    access: 'service',
    params: z.strictObject({ username: z.string().min(1).max(200) }),
    result: KnownUser.nullable(),
  },
  'auth.users.describe': {
    summary: 'Names and roles of users by id; deleted and unknown ones are left out.',
    access: 'service',
    params: z.strictObject({ userIds: z.array(z.string().min(1).max(100)).max(500) }),
    result: z.object({ users: z.array(KnownUser) }),
  },
} as const satisfies MethodDefinitions;
