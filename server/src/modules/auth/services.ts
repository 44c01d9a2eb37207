import type { Call } from '#base/contract.ts';
import type { Principal } from '#base/principal.ts';
import type { Accounts, Actor } from './accounts.ts';
import type { ApiKeys } from './api-keys.ts';
import type { createIntrospection } from './introspection.ts';
import type { Invites } from './invites.ts';
import type { PasswordChanges } from './password-changes.ts';
import type { Sessions } from './sessions.ts';
import type { SignIn } from './sign-in.ts';
import type { SigningKeys } from './signing-keys.ts';
import type { createStatus } from './status.ts';
import type { LedgerClient } from './types.ts';
import type { UserDirectory } from './user-directory.ts';

/** The parts that auth's methods are handed to. */
export interface AuthServices {
  readonly accounts: Accounts;
  readonly apiKeys: ApiKeys;
  readonly directory: UserDirectory;
  readonly introspect: ReturnType<typeof createIntrospection>;
  readonly invites: Invites;
  readonly keys: SigningKeys;
  readonly ledger: LedgerClient;
  readonly passwordChanges: PasswordChanges;
  readonly sessions: Sessions;
  readonly signIn: SignIn;
  readonly status: ReturnType<typeof createStatus>;
}

/** Who acts, for the events of a change. */
export function actorOf(user: Principal, call: Call): Actor {
  return { userId: user.userId, traceId: call.traceId };
}
