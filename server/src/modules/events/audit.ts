import type { Logger } from 'pino';
import { fault } from '#base/fault.ts';
import type { Database, Transaction } from '#kernel/database/database.ts';
import type { EventEnvelope } from '#kernel/module.ts';
import { type ChainEnd, entryHash, genesisHash, signEnd } from './audit-chain.ts';
import { canonicalJson } from './canonical-json.ts';
import type { CheckpointStore } from './checkpoint.ts';
import type { AuditEntry } from './contract.ts';
import {
  type EntryFilter,
  findEntries,
  hashAt,
  insertEntry,
  isRecorded,
  lockLog,
  readHead,
  type StoredEntry,
  writeHead,
} from './store.ts';

export interface AuditDeps {
  readonly database: Database;
  readonly checkpoint: CheckpointStore;
  readonly key: Buffer;
  readonly now: () => number;
  readonly log: Logger;
}

export interface AuditLog {
  /** Appends one event, once: a repeated delivery changes nothing. */
  append(event: EventEnvelope, transaction: Transaction): Promise<void>;
  list(filter: EntryFilter): Promise<{ entries: AuditEntry[]; nextCursor: string | null }>;
  /** Writes the log's end outside the database, unless that contradicts what was written there before. */
  saveCheckpoint(): Promise<void>;
  /**
   * Moves the checkpoint back to a log that ends before it. Returns both ends.
   * @throws events.no_gap
   */
  acceptGap(): Promise<{ checkpoint: ChainEnd; head: ChainEnd }>;
  /** False once a checkpoint was found to contradict the log. */
  readonly trusted: boolean;
}

export function createAuditLog(deps: AuditDeps): AuditLog {
  const { database, checkpoint, key, now, log } = deps;
  let trusted = true;
  let saved: ChainEnd | undefined;

  /** Whether the log still holds what the checkpoint saw. */
  async function extendsCheckpoint(end: ChainEnd): Promise<boolean> {
    const hash = await hashAt(database, end.sequence);
    return hash?.equals(end.hash) === true;
  }

  return {
    get trusted() {
      return trusted;
    },
    async append(event, transaction) {
      await lockLog(transaction);
      if (await isRecorded(transaction, event.id)) return;
      const head = await readHead(transaction);
      const previousHash = head?.hash ?? genesisHash;
      const fact = {
        sequence: (head?.sequence ?? 0) + 1,
        eventId: event.id,
        event: event.name,
        actorId: event.actorId,
        traceId: event.traceId,
        occurredAt: new Date(event.occurredAtMs).toISOString(),
        recordedAt: new Date(now()).toISOString(),
        payload: canonicalJson(event.payload),
      };
      const hash = entryHash(fact, previousHash);
      await insertEntry(transaction, { ...fact, previousHash, hash });
      const end = { sequence: fact.sequence, hash };
      await writeHead(transaction, { ...end, signature: signEnd(key, end) });
    },
    async list(filter) {
      const found = await findEntries(database, { ...filter, limit: filter.limit + 1 });
      const entries = found.slice(0, filter.limit).map(present);
      const last = entries.at(-1);
      const more = found.length > filter.limit && last !== undefined;
      return { entries, nextCursor: more ? String(last.sequence) : null };
    },
    async saveCheckpoint() {
      const head = await readHead(database);
      if (head === null || head.sequence === saved?.sequence) return;
      const state = await checkpoint.read();
      if (state.kind === 'unreadable' || (state.kind === 'known' && !(await extendsCheckpoint(state.end)))) {
        if (trusted) log.error('the audit log contradicts its checkpoint: run cds audit verify');
        trusted = false;
        return;
      }
      await checkpoint.write(head);
      saved = head;
      trusted = true;
    },
    async acceptGap() {
      const head = await readHead(database);
      const state = await checkpoint.read();
      const gap = state.kind === 'known' && head !== null && head.sequence < state.end.sequence;
      if (!gap) throw fault('events.no_gap');
      await checkpoint.write(head);
      saved = head;
      trusted = true;
      return { checkpoint: state.end, head };
    },
  };
}

function present(entry: StoredEntry): AuditEntry {
  const { payload, previousHash, hash, ...rest } = entry;
  return {
    ...rest,
    payload: JSON.parse(payload),
    previousHash: previousHash.toString('hex'),
    hash: hash.toString('hex'),
  };
}
