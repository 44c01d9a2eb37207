import type { Database, Queryable } from '#kernel/database/database.ts';
import type { ChainEnd, ChainedFact } from './audit-chain.ts';

export interface StoredEntry extends ChainedFact {
  readonly previousHash: Buffer;
  readonly hash: Buffer;
}

export interface SignedHead extends ChainEnd {
  readonly signature: Buffer;
}

interface EntryRow {
  readonly sequence: bigint;
  readonly event_id: string;
  readonly event: string;
  readonly actor_id: string | null;
  readonly trace_id: string | null;
  readonly occurred_at: Date;
  readonly recorded_at: Date;
  readonly payload: string;
  readonly previous_hash: Buffer;
  readonly hash: Buffer;
}

const columns = `sequence, event_id, event, actor_id, trace_id, occurred_at, recorded_at, payload,
  previous_hash, hash`;

function entryOf(row: EntryRow): StoredEntry {
  return {
    sequence: Number(row.sequence),
    eventId: row.event_id,
    event: row.event,
    actorId: row.actor_id,
    traceId: row.trace_id,
    occurredAt: row.occurred_at.toISOString(),
    recordedAt: row.recorded_at.toISOString(),
    payload: row.payload,
    previousHash: row.previous_hash,
    hash: row.hash,
  };
}

/** Makes concurrent writers wait for one another, also before the first entry exists. */
export async function lockLog(transaction: Queryable): Promise<void> {
  await transaction.query({ text: `select pg_advisory_xact_lock(hashtext('events.audit_entry'))` });
}

export async function readHead(queryable: Queryable): Promise<SignedHead | null> {
  const [row] = await queryable.query<{ sequence: bigint; hash: Buffer; signature: Buffer }>({
    name: 'events-audit-head',
    text: 'select sequence, hash, signature from events.audit_head',
  });
  return row === undefined ? null : { ...row, sequence: Number(row.sequence) };
}

export async function writeHead(queryable: Queryable, head: SignedHead): Promise<void> {
  await queryable.execute({
    name: 'events-audit-head-write',
    text: `insert into events.audit_head (sequence, hash, signature) values ($1, $2, $3)
           on conflict (only_row) do update
           set sequence = excluded.sequence, hash = excluded.hash, signature = excluded.signature`,
    values: [head.sequence, head.hash, head.signature],
  });
}

export async function isRecorded(queryable: Queryable, eventId: string): Promise<boolean> {
  const rows = await queryable.query<{ found: number }>({
    name: 'events-audit-recorded',
    text: 'select 1 as found from events.audit_entry where event_id = $1',
    values: [eventId],
  });
  return rows.length > 0;
}

export async function insertEntry(queryable: Queryable, entry: StoredEntry): Promise<void> {
  await queryable.execute({
    name: 'events-audit-insert',
    text: `insert into events.audit_entry (${columns}) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    values: [
      entry.sequence,
      entry.eventId,
      entry.event,
      entry.actorId,
      entry.traceId,
      entry.occurredAt,
      entry.recordedAt,
      entry.payload,
      entry.previousHash,
      entry.hash,
    ],
  });
}

/** Entries after `sequence` in ascending order, for verification. */
export async function entriesAfter(
  queryable: Queryable,
  input: { sequence: number; limit: number },
): Promise<StoredEntry[]> {
  const rows = await queryable.query<EntryRow>({
    name: 'events-audit-after',
    text: `select ${columns} from events.audit_entry where sequence > $1 order by sequence limit $2`,
    values: [input.sequence, input.limit],
  });
  return rows.map(entryOf);
}

export async function hashAt(queryable: Queryable, sequence: number): Promise<Buffer | null> {
  const [row] = await queryable.query<{ hash: Buffer }>({
    name: 'events-audit-hash-at',
    text: 'select hash from events.audit_entry where sequence = $1',
    values: [sequence],
  });
  return row?.hash ?? null;
}

/** The last entry's number and the head's, in one snapshot; 0 where there is none. */
export async function readEnds(queryable: Queryable): Promise<{ last: number; head: number }> {
  const [row] = await queryable.query<{ last: bigint; head: bigint }>({
    text: `select coalesce((select max(sequence) from events.audit_entry), 0) as last,
                  coalesce((select sequence from events.audit_head), 0) as head`,
  });
  return { last: Number(row?.last ?? 0), head: Number(row?.head ?? 0) };
}

export interface EntryFilter {
  readonly event?: string | undefined;
  readonly actorId?: string | undefined;
  readonly traceId?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** Only entries before this number. */
  readonly before?: number | undefined;
  readonly limit: number;
}

/** Entries that fit every given condition, newest first. */
export async function findEntries(database: Database, filter: EntryFilter): Promise<StoredEntry[]> {
  const conditions: string[] = [];
  const values: unknown[] = [];
  const add = (value: unknown, condition: (place: string) => string) => {
    if (value === undefined) return;
    values.push(value);
    conditions.push(condition(`$${values.length}`));
  };
  if (filter.event?.endsWith('.*')) {
    // `like` on the escaped beginning can use the index; names hold no backslash.
    const beginning = filter.event.slice(0, -1).replace(/[%_]/g, '\\$&');
    add(`${beginning}%`, (place) => `event like ${place}`);
  } else add(filter.event, (place) => `event = ${place}`);
  add(filter.actorId, (place) => `actor_id = ${place}`);
  add(filter.traceId, (place) => `trace_id = ${place}`);
  add(filter.from, (place) => `occurred_at >= ${place}`);
  add(filter.to, (place) => `occurred_at < ${place}`);
  add(filter.before, (place) => `sequence < ${place}`);
  const where = conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`;
  values.push(filter.limit);
  const rows = await database.query<EntryRow>({
    text: `select ${columns} from events.audit_entry ${where} order by sequence desc limit $${values.length}`,
    values,
  });
  return rows.map(entryOf);
}
