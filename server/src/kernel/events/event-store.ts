import type { Queryable } from '../database/database.ts';
import type { EventEnvelope } from '../module.ts';
import type { EventPattern } from './pattern.ts';

/** A consumer's place in the stream of events; xid8 values travel as text. */
export interface Cursor {
  readonly windowStart: string;
  readonly windowEnd: string;
  readonly sequence: bigint;
  readonly attempts: number;
}

export interface StoredEvent {
  readonly sequence: bigint;
  readonly envelope: EventEnvelope;
}

interface EventRow {
  readonly sequence: bigint;
  readonly event_id: string;
  readonly name: string;
  readonly payload: unknown;
  readonly occurred_at: Date;
  readonly trace_id: string | null;
  readonly actor_id: string | null;
}

function eventOf(row: EventRow): StoredEvent {
  return {
    sequence: row.sequence,
    envelope: {
      id: row.event_id,
      name: row.name,
      payload: row.payload,
      occurredAtMs: row.occurred_at.getTime(),
      traceId: row.trace_id,
      actorId: row.actor_id,
    },
  };
}

export async function insertEvent(
  queryable: Queryable,
  event: Omit<EventEnvelope, 'payload'> & { readonly payloadJson: string },
): Promise<void> {
  await queryable.execute({
    name: 'kernel-event-insert',
    text: `insert into kernel.event (event_id, name, payload, occurred_at, trace_id, actor_id)
           values ($1, $2, $3::json, to_timestamp($4::double precision / 1000), $5, $6)`,
    values: [event.id, event.name, event.payloadJson, event.occurredAtMs, event.traceId, event.actorId],
  });
}

/** Enters a consumer. A new one begins with the oldest event that is still kept. */
export async function registerConsumer(
  queryable: Queryable,
  input: { name: string; nowMs: number },
): Promise<void> {
  await queryable.execute({
    text: `insert into kernel.event_consumer (name, seen_at) values ($1, to_timestamp($2::double precision / 1000))
           on conflict (name) do update set seen_at = excluded.seen_at`,
    values: [input.name, input.nowMs],
  });
}

/** Locks the consumer's cursor; undefined while another process holds it or a retry is not due. */
export async function lockCursor(
  queryable: Queryable,
  input: { name: string; nowMs: number },
): Promise<Cursor | undefined> {
  const [row] = await queryable.query<{
    window_start: string;
    window_end: string;
    sequence: bigint;
    attempts: number;
  }>({
    name: 'kernel-event-cursor-lock',
    text: `select window_start::text, window_end::text, sequence, attempts from kernel.event_consumer
           where name = $1 and (retry_at is null or retry_at <= to_timestamp($2::double precision / 1000))
           for update skip locked`,
    values: [input.name, input.nowMs],
  });
  if (row === undefined) return undefined;
  return {
    windowStart: row.window_start,
    windowEnd: row.window_end,
    sequence: row.sequence,
    attempts: row.attempts,
  };
}

export async function saveCursor(
  queryable: Queryable,
  input: { name: string; cursor: Cursor; retryAtMs: number | null; nowMs: number },
): Promise<void> {
  const { name, cursor, retryAtMs, nowMs } = input;
  await queryable.execute({
    name: 'kernel-event-cursor-save',
    text: `update kernel.event_consumer
           set window_start = $2::xid8, window_end = $3::xid8, sequence = $4, attempts = $5,
               retry_at = to_timestamp($6::double precision / 1000),
               seen_at = to_timestamp($7::double precision / 1000)
           where name = $1`,
    values: [name, cursor.windowStart, cursor.windowEnd, cursor.sequence, cursor.attempts, retryAtMs, nowMs],
  });
}

/** The oldest transaction still running: all before it have ended, so none of them can add a row any more. */
export async function readHorizon(queryable: Queryable): Promise<string> {
  const [row] = await queryable.query<{ horizon: string }>({
    name: 'kernel-event-horizon',
    text: 'select pg_snapshot_xmin(pg_current_snapshot())::text as horizon',
  });
  return row?.horizon ?? '0';
}

/** Matching events of the cursor's window that it has not passed, in the order of their writing. */
export async function readWindow(
  queryable: Queryable,
  input: { cursor: Cursor; pattern: EventPattern; limit: number },
): Promise<StoredEvent[]> {
  const { cursor, pattern, limit } = input;
  const rows = await queryable.query<EventRow>({
    name: 'kernel-event-window',
    text: `select sequence, event_id, name, payload, occurred_at, trace_id, actor_id from kernel.event
           where transaction_id >= $1::xid8 and transaction_id < $2::xid8 and sequence > $3
             and ($4::text is null or name = $4) and ($5::text is null or starts_with(name, $5))
           order by sequence limit $6`,
    values: [cursor.windowStart, cursor.windowEnd, cursor.sequence, pattern.exact, pattern.prefix, limit],
  });
  return rows.map(eventOf);
}

/** Of the named consumers those that something may be waiting for. */
export async function consumersBehind(
  queryable: Queryable,
  input: { names: readonly string[]; nowMs: number },
): Promise<string[]> {
  const rows = await queryable.query<{ name: string }>({
    name: 'kernel-event-behind',
    text: `select c.name from kernel.event_consumer c
           where c.name = any($1) and (c.retry_at is null or c.retry_at <= to_timestamp($2::double precision / 1000))
             and (exists (select from kernel.event e where e.transaction_id >= c.window_start
                            and (e.transaction_id >= c.window_end or e.sequence > c.sequence))
                  or exists (select from kernel.event_dead_letter l
                             where l.consumer = c.name and l.retry_requested))`,
    values: [input.names, input.nowMs],
  });
  return rows.map((row) => row.name);
}
