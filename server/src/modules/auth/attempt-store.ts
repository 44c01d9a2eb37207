import type { Database } from '#kernel/database/database.ts';

export interface AttemptRule {
  /** Distinguishes the counters of different rules. */
  readonly kind: string;
  /** Attempts without any delay. */
  readonly free: number;
  /** The delay after the first attempt beyond; it doubles with each further one. */
  readonly firstDelayMs: number;
  readonly longestDelayMs: number;
  /** In this time one attempt is forgotten. */
  readonly forgetOneMs: number;
}

export interface AttemptKey {
  readonly rule: AttemptRule;
  readonly subject: Buffer;
  readonly atMs: number;
}

/**
 * Counts an attempt before it is made, in one statement, so that a thousand at once are not all the first.
 * @returns how long to wait when the subject is blocked, and then nothing was counted; 0 when it may go on
 */
export async function countAttempt(database: Database, { rule, subject, atMs }: AttemptKey): Promise<number> {
  const at = new Date(atMs);
  const counted = await database.execute({
    name: 'auth_attempt_count',
    text: `insert into auth.attempt as known (kind, subject, level, updated_at, blocked_until)
           values ($1, $2, 1, $3,
                   case when $4::float8 < 1 then $3::timestamptz + $5::float8 * interval '1 ms' end)
           on conflict (kind, subject) do update
             set (level, updated_at, blocked_until) = (
               select level, $3::timestamptz,
                      case when level > $4::float8
                           then $3::timestamptz + interval '1 ms' *
                                least($6::float8, $5::float8 * power(2, least(40, ceil(level - $4::float8) - 1)))
                      end
                 from (select 1 + greatest(0, known.level - greatest(0,
                         extract(epoch from $3::timestamptz - known.updated_at)) * 1000 / $7::float8) as level) as aged)
             where known.blocked_until is null or known.blocked_until <= $3::timestamptz`,
    values: [rule.kind, subject, at, rule.free, rule.firstDelayMs, rule.longestDelayMs, rule.forgetOneMs],
  });
  if (counted === 1) return 0;
  const rows = await database.query<{ blocked_until: Date | null }>({
    text: 'select blocked_until from auth.attempt where kind = $1 and subject = $2',
    values: [rule.kind, subject],
  });
  return Math.max(1, (rows[0]?.blocked_until?.getTime() ?? atMs) - atMs);
}

/** Takes back what was counted: the last attempt, or all of them. */
export async function forgiveAttempts(
  database: Database,
  { rule, subject }: AttemptKey,
  what: 'last' | 'all',
): Promise<void> {
  await database.execute(
    what === 'all'
      ? {
          text: 'delete from auth.attempt where kind = $1 and subject = $2',
          values: [rule.kind, subject],
        }
      : {
          text: `update auth.attempt
                    set level = greatest(0, level - 1),
                        blocked_until = case when level - 1 > $3 then blocked_until end
                  where kind = $1 and subject = $2`,
          values: [rule.kind, subject, rule.free],
        },
  );
}

/** Removes counters that have nothing left to tell, and the oldest ones beyond `keep`. */
export async function removeOldAttempts(
  database: Database,
  { beforeMs, keep }: { beforeMs: number; keep: number },
): Promise<void> {
  await database.execute({
    text: 'delete from auth.attempt where updated_at < $1',
    values: [new Date(beforeMs)],
  });
  await database.execute({
    text: `delete from auth.attempt where ctid in (
             select ctid from auth.attempt order by updated_at desc offset $1)`,
    values: [keep],
  });
}
