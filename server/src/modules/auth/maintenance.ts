import type { Logger } from 'pino';
import type { Database } from '#kernel/database/database.ts';
import type { Attempts } from './attempts.ts';
import { removeSpentInvites } from './invite-store.ts';
import type { Openings } from './openings.ts';
import { removeExpiredSessions } from './session-store.ts';
import type { SigningKeys } from './signing-keys.ts';

const everyMs = 60_000;

export interface MaintenanceDeps {
  readonly database: Database;
  readonly keys: Pick<SigningKeys, 'rotateIfDue'>;
  readonly attempts: Pick<Attempts, 'cleanUp'>;
  readonly openings: Pick<Openings, 'recover'>;
  readonly now: () => number;
  readonly log: Logger;
  readonly stopping: AbortSignal;
  readonly defer: (dispose: () => Promise<void>) => void;
}

/**
 * What has to be done from time to time: the next signing key, starting balances that a crash left open, and the
 * removal of what has run out. Runs at once and then every minute; harmless in several processes at a time.
 */
export function startMaintenance(deps: MaintenanceDeps): void {
  const { database, keys, attempts, openings, now, log, stopping, defer } = deps;
  const tasks: Readonly<Record<string, () => Promise<void>>> = {
    signingKeys: () => keys.rotateIfDue(),
    openings: () => openings.recover(),
    sessions: () => removeExpiredSessions(database, now()),
    invites: () => removeSpentInvites(database, now()),
    attempts: () => attempts.cleanUp(),
  };

  async function run(): Promise<void> {
    for (const [task, work] of Object.entries(tasks)) {
      if (stopping.aborted) return;
      try {
        await work();
      } catch (error) {
        if (!stopping.aborted) log.warn({ err: error, task }, 'maintenance of accounts failed');
      }
    }
  }

  let running: Promise<void> | undefined;
  function begin(): void {
    running ??= run().finally(() => {
      running = undefined;
    });
  }
  const timer = setInterval(begin, everyMs).unref();
  defer(async () => {
    clearInterval(timer);
    await running;
  });
  begin();
}
