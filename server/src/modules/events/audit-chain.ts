import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { canonicalJson } from './canonical-json.ts';

/** What one entry's hash covers, besides the hash of the entry before. */
export interface ChainedFact {
  readonly sequence: number;
  readonly eventId: string;
  readonly event: string;
  readonly actorId: string | null;
  readonly traceId: string | null;
  readonly occurredAt: string;
  readonly recordedAt: string;
  /** Canonical JSON. */
  readonly payload: string;
}

/** The hash before the first entry. */
export const genesisHash: Buffer = Buffer.alloc(32);

/** SHA-256 over the canonical JSON of the entry and the previous hash (hex). */
export function entryHash(fact: ChainedFact, previousHash: Buffer): Buffer {
  const covered = { ...fact, previousHash: previousHash.toString('hex') };
  return createHash('sha256').update(canonicalJson(covered)).digest();
}

export interface ChainEnd {
  readonly sequence: number;
  readonly hash: Buffer;
}

/** HMAC-SHA-256 of the log's end: nobody without the installation's key can move it. */
export function signEnd(key: Buffer, end: ChainEnd): Buffer {
  return createHmac('sha256', key)
    .update(`audit:${end.sequence}:${end.hash.toString('hex')}`)
    .digest();
}

export function endIsSigned(key: Buffer, end: ChainEnd, signature: Buffer): boolean {
  const expected = signEnd(key, end);
  return signature.length === expected.length && timingSafeEqual(signature, expected);
}
