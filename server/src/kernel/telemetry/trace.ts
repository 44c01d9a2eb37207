import { randomFillSync } from 'node:crypto';

const pool = Buffer.alloc(16 * 256);
let digits = '';
let used = 0;

/** 32 hex digits, never all zero (W3C Trace Context). Randomness is drawn, and spelled out, 256 ids at a time. */
export function newTraceId(): string {
  if (used === digits.length) {
    digits = randomFillSync(pool).toString('hex');
    used = 0;
  }
  const id = digits.slice(used, used + 32);
  used += 32;
  return id === '00000000000000000000000000000000' ? newTraceId() : id;
}

/** The trace id of a `traceparent` header, or a new one when it is absent or malformed. */
export function traceIdOf(traceparent: string | undefined): string {
  if (traceparent === undefined) return newTraceId();
  const match = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/.exec(traceparent);
  const id = match?.[1];
  return id === undefined || /^0+$/.test(id) ? newTraceId() : id;
}

/** A `traceparent` header for an outgoing request of the same trace. */
export function traceparentOf(traceId: string): string {
  return `00-${traceId}-${newTraceId().slice(0, 16)}-01`;
}
