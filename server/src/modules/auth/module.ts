import { defineModule } from '#kernel/module.ts';
import { systemCall } from '#kernel/rpc/call-context.ts';
import { newTraceId } from '#kernel/telemetry/trace.ts';
import { platformVersion } from '#kernel/version.ts';
import { ledgerContract } from '#modules/ledger/contract.ts';
import { createAccessTokens } from './access-tokens.ts';
import { createAccounts } from './accounts.ts';
import { createApiKeys } from './api-keys.ts';
import { createAttempts } from './attempts.ts';
import { authConfig } from './config.ts';
import { authContract } from './contract.ts';
import { createFirstAdmin } from './first-admin.ts';
import { handlersOf } from './handlers.ts';
import { createIntrospection } from './introspection.ts';
import { createInvites } from './invites.ts';
import { startMaintenance } from './maintenance.ts';
import { createOpenings } from './openings.ts';
import { createPasswordChanges } from './password-changes.ts';
import { createPasswords } from './passwords.ts';
import { createSessions } from './sessions.ts';
import { showFirstPassword } from './show-first-password.ts';
import { createSignIn } from './sign-in.ts';
import { createSigningKeys } from './signing-keys.ts';
import { createStatus } from './status.ts';
import { createUserDirectory } from './user-directory.ts';

export const auth = defineModule({
  name: 'auth',
  contract: authContract,
  needs: { ledger: ledgerContract },
  config: authConfig,
  migrations: new URL('./migrations/', import.meta.url),
  start: async (context) => {
    const { config, database, publish, now, log, dataDir, stopping } = context;
    const { registration } = config;
    const { ledger } = context.clients;
    const call = () => systemCall({ traceId: newTraceId(), signal: stopping });
    const passwords = await createPasswords();
    const keys = createSigningKeys({
      database,
      publish,
      encryptionKey: context.secret('auth.jwt'),
      rotateAfterMs: config.keyRotationDays * 24 * 3_600_000,
      now,
      log,
    });
    const tokens = createAccessTokens({ keys, now, lifetimeSeconds: config.accessTokenSeconds });
    const openings = createOpenings({ database, ledger, usual: config.startingTokens, call });
    const accounts = createAccounts({ database, publish, passwords, openings, now });
    const sessions = createSessions({ database, publish, tokens, now, lifetimeDays: config.sessionDays });
    const attempts = createAttempts({ database, key: context.secret('auth.attempts'), now, limits: config });
    const firstAdmin = createFirstAdmin({
      database,
      publish,
      passwords,
      openings,
      dataDir,
      chosenPassword: config.adminPassword,
      show: showFirstPassword,
      now,
    });
    const signIn = createSignIn({
      database,
      publish,
      passwords,
      attempts,
      accounts,
      sessions,
      registration,
      now,
    });
    await keys.rotateIfDue();
    await firstAdmin.ensure();
    startMaintenance({ database, keys, attempts, openings, now, log, stopping, defer: context.defer });
    return {
      handlers: handlersOf({
        accounts,
        apiKeys: createApiKeys({ database, publish, now }),
        directory: createUserDirectory(database),
        introspect: createIntrospection({ database, tokens, now, log }),
        invites: createInvites({ database, publish, now }),
        keys,
        ledger,
        passwordChanges: createPasswordChanges({
          database,
          publish,
          passwords,
          signIn,
          sessions,
          onChanged: firstAdmin.forget,
        }),
        sessions,
        signIn,
        status: createStatus({ database, firstAdmin, registration, version: platformVersion() }),
      }),
    };
  },
});
