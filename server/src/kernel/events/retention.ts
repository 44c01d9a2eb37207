import type { Database } from '../database/database.ts';

export interface RetentionOptions {
  readonly database: Database;
  readonly nowMs: number;
  /** Events that every consumer has read are kept so long. */
  readonly keepMs: number;
  /** Events and consumers are given up after so long, read or not: a consumer of a removed part never returns. */
  readonly giveUpMs: number;
}

const batch = 5_000;

/**
 * Removes old events in small batches, unread ones only after `giveUpMs`. Safe to run in several processes.
 * @returns how many events went
 */
export async function removeOldEvents(options: RetentionOptions): Promise<number> {
  const { database, nowMs, keepMs, giveUpMs } = options;
  await database.execute({
    text: `delete from kernel.event_consumer where seen_at < to_timestamp($1::double precision / 1000)`,
    values: [nowMs - giveUpMs],
  });
  let removed = 0;
  for (;;) {
    const count = await database.execute({
      text: `delete from kernel.event where sequence in (
               select sequence from kernel.event
               where occurred_at < to_timestamp($1::double precision / 1000)
                 and (occurred_at < to_timestamp($2::double precision / 1000)
                      or transaction_id < (select coalesce(min(window_start::text::numeric)::text::xid8,
                                                           pg_snapshot_xmin(pg_current_snapshot()))
                                           from kernel.event_consumer))
               order by sequence limit $3 for update skip locked)`,
      values: [nowMs - keepMs, nowMs - giveUpMs, batch],
    });
    removed += count;
    if (count < batch) return removed;
  }
}

/**
 * A database restored into another cluster may carry transaction ids from that cluster's future; its readers
 * would wait for years and skip what is new. Such rows are given the id of this very transaction, and cursors
 * that lie in the future begin at the first row that they have not passed.
 * @returns whether anything had to be mended
 */
export async function rebaseRestoredEvents(database: Database): Promise<boolean> {
  const [check] = await database.query<{ future: boolean }>({
    text: `select exists (select from kernel.event
                          where transaction_id >= pg_snapshot_xmax(pg_current_snapshot()))
               or exists (select from kernel.event_consumer
                          where window_end > pg_snapshot_xmax(pg_current_snapshot())) as future`,
  });
  if (check?.future !== true) return false;
  return database.transaction(async (transaction) => {
    await transaction.execute({ text: 'lock table kernel.event, kernel.event_consumer in exclusive mode' });
    const [own] = await transaction.query<{ id: string; next: string }>({
      text: `select pg_current_xact_id()::text as id,
                    ((pg_current_xact_id()::text)::numeric + 1)::text as next`,
    });
    await transaction.execute({
      text: `update kernel.event_consumer c
             set window_start = $1::xid8, window_end = $2::xid8, attempts = 0, retry_at = null,
                 sequence = coalesce(
                   (select min(e.sequence) - 1 from kernel.event e
                    where e.transaction_id >= c.window_end
                       or (e.transaction_id >= c.window_start and e.sequence > c.sequence)),
                   (select max(sequence) from kernel.event), 0)
             where c.window_end > $1::xid8
                or exists (select from kernel.event e where e.transaction_id > $1::xid8)`,
      values: [own?.id, own?.next],
    });
    await transaction.execute({
      text: 'update kernel.event set transaction_id = $1::xid8 where transaction_id > $1::xid8',
      values: [own?.id],
    });
    return true;
  });
}
