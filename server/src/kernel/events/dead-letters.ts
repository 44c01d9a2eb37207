import type { Queryable } from '../database/database.ts';
import type { EventEnvelope } from '../module.ts';

export interface DeadLetter {
  readonly consumer: string;
  readonly eventId: string;
  readonly event: string;
  readonly attempts: number;
  readonly error: string;
  readonly failedAt: string;
  readonly retryRequested: boolean;
}

/** Events that consumers gave up on, latest first. */
export async function listDeadLetters(queryable: Queryable, limit: number): Promise<DeadLetter[]> {
  const rows = await queryable.query<{
    consumer: string;
    event_id: string;
    name: string;
    attempts: number;
    error: string;
    failed_at: Date;
    retry_requested: boolean;
  }>({
    text: `select consumer, event_id, name, attempts, error, failed_at, retry_requested
           from kernel.event_dead_letter order by failed_at desc limit $1`,
    values: [limit],
  });
  return rows.map((row) => ({
    consumer: row.consumer,
    eventId: row.event_id,
    event: row.name,
    attempts: row.attempts,
    error: row.error,
    failedAt: row.failed_at.toISOString(),
    retryRequested: row.retry_requested,
  }));
}

/** Lets the consumer try once more, at its next look for events; false when there is no such letter. */
export async function requestRetry(
  queryable: Queryable,
  letter: { consumer: string; eventId: string },
): Promise<boolean> {
  const count = await queryable.execute({
    text: `update kernel.event_dead_letter set retry_requested = true where consumer = $1 and event_id = $2`,
    values: [letter.consumer, letter.eventId],
  });
  return count > 0;
}

/** The oldest letter of the consumer that shall run again, locked. */
export async function takeRequested(
  queryable: Queryable,
  consumer: string,
): Promise<{ event: EventEnvelope; attempts: number } | undefined> {
  const [row] = await queryable.query<{
    event_id: string;
    name: string;
    payload: unknown;
    occurred_at: Date;
    trace_id: string | null;
    actor_id: string | null;
    attempts: number;
  }>({
    name: 'kernel-event-letter-take',
    text: `select event_id, name, payload, occurred_at, trace_id, actor_id, attempts
           from kernel.event_dead_letter where consumer = $1 and retry_requested
           order by occurred_at limit 1 for update skip locked`,
    values: [consumer],
  });
  if (row === undefined) return undefined;
  return {
    attempts: row.attempts,
    event: {
      id: row.event_id,
      name: row.name,
      payload: row.payload,
      occurredAtMs: row.occurred_at.getTime(),
      traceId: row.trace_id,
      actorId: row.actor_id,
    },
  };
}

export async function removeLetter(
  queryable: Queryable,
  letter: { consumer: string; eventId: string },
): Promise<void> {
  await queryable.execute({
    text: 'delete from kernel.event_dead_letter where consumer = $1 and event_id = $2',
    values: [letter.consumer, letter.eventId],
  });
}

/** Keeps an event that its consumer could not handle; a letter that failed again waits for a new request. */
export async function putLetter(
  queryable: Queryable,
  letter: { consumer: string; event: EventEnvelope; attempts: number; error: string; nowMs: number },
): Promise<void> {
  const { consumer, event, attempts, error, nowMs } = letter;
  await queryable.execute({
    text: `insert into kernel.event_dead_letter
             (consumer, event_id, name, payload, occurred_at, trace_id, actor_id, attempts, error, failed_at)
           values ($1, $2, $3, $4::json, to_timestamp($5::double precision / 1000), $6, $7, $8, $9,
                   to_timestamp($10::double precision / 1000))
           on conflict (consumer, event_id) do update set attempts = excluded.attempts, error = excluded.error,
             failed_at = excluded.failed_at, retry_requested = false`,
    values: [
      consumer,
      event.id,
      event.name,
      JSON.stringify(event.payload),
      event.occurredAtMs,
      event.traceId,
      event.actorId,
      attempts,
      error,
      nowMs,
    ],
  });
}
