import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Database } from '#kernel/database/database.ts';
import { endIsSigned, entryHash, genesisHash } from './audit-chain.ts';
import type { CheckpointStore } from './checkpoint.ts';
import type { AuditProblem, AuditReport } from './contract.ts';
import { entriesAfter, readEnds, readHead, type StoredEntry } from './store.ts';

export interface VerifyDeps {
  readonly database: Database;
  readonly checkpoint: CheckpointStore;
  readonly key: Buffer;
}

const pageEntries = 500;
const mostProblems = 50;

/**
 * Reads the whole audit log and proves that it is what was written: every entry's hash, every link, no number
 * left out, an end that the installation's key signed, and nothing missing that the checkpoint outside the
 * database has seen. Entries appended meanwhile don't matter.
 */
export async function verifyAuditLog(
  deps: VerifyDeps,
  options: { signal?: AbortSignal } = {},
): Promise<AuditReport> {
  const { database, key } = deps;
  const state = await deps.checkpoint.read();
  const head = await readHead(database);
  const problems: AuditProblem[] = [];
  const report = (sequence: number, kind: AuditProblem['kind']) => {
    if (problems.length < mostProblems) problems.push({ sequence, kind });
  };
  const checkpointEnd = state.kind === 'known' ? state.end : undefined;
  if (state.kind === 'unreadable') report(0, 'checkpoint_unreadable');
  if (head !== null && !endIsSigned(key, head, head.signature)) report(head.sequence, 'head_changed');

  let sequence = 0;
  let previousHash = genesisHash;
  let entries = 0;
  const lastSequence = head?.sequence ?? 0;
  while (sequence < lastSequence) {
    options.signal?.throwIfAborted();
    const page = await entriesAfter(database, { sequence, limit: pageEntries });
    for (const entry of page) {
      if (entry.sequence > lastSequence) break;
      entries += 1;
      for (const kind of faultsOf(entry, { sequence, hash: previousHash })) report(entry.sequence, kind);
      if (checkpointEnd?.sequence === entry.sequence && !checkpointEnd.hash.equals(entry.hash)) {
        report(entry.sequence, 'checkpoint_mismatch');
      }
      sequence = entry.sequence;
      previousHash = entry.hash;
    }
    if (page.length < pageEntries || (page.at(-1)?.sequence ?? 0) >= lastSequence) break;
    // Hashing a page takes milliseconds; other requests get their turn between pages.
    await nextTurn();
  }
  if (sequence < lastSequence) report(sequence + 1, 'tail_removed');
  else if (head !== null && !head.hash.equals(previousHash)) report(head.sequence, 'head_changed');
  if (checkpointEnd !== undefined && checkpointEnd.sequence > lastSequence) {
    report(lastSequence + 1, 'tail_removed');
  }
  const ends = await readEnds(database);
  if (ends.last > ends.head) report(ends.head + 1, 'beyond_head');
  return {
    ok: problems.length === 0,
    entries,
    head: head === null ? null : { sequence: head.sequence, hash: head.hash.toString('hex') },
    checkpointSequence: checkpointEnd?.sequence ?? 0,
    problems,
  };
}

function faultsOf(entry: StoredEntry, before: { sequence: number; hash: Buffer }): AuditProblem['kind'][] {
  const { hash, previousHash, ...fact } = entry;
  const faults: AuditProblem['kind'][] = [];
  if (entry.sequence !== before.sequence + 1) faults.push('missing');
  else if (!previousHash.equals(before.hash)) faults.push('broken_link');
  if (!entryHash(fact, previousHash).equals(hash)) faults.push('changed');
  return faults;
}
