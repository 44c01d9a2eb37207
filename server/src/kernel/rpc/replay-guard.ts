import { type CallMark, signatureWindowMs } from './signature.ts';

/** So many later calls of a sender may overtake one on its way; 8 KiB of memory for each sender. */
const windowCalls = 65_536;

interface Sender {
  /** One bit for each number within the window, at its remainder. */
  readonly seen: Uint32Array;
  highest: number;
  /** Nothing that was taken so far can be believed later than this. */
  validUntilMs: number;
}

export interface ReplayGuard {
  /** False for a call that was taken before, or is too old to tell. */
  take(mark: CallMark, nowMs: number): boolean;
}

/**
 * Takes each call between processes once, whatever is sent again: the sliding window of RFC 4303 section 3.4.3, one for
 * each sender. Memory is bounded by the senders of the last minutes; only marks that are signed get here.
 */
export function createReplayGuard(): ReplayGuard {
  const senders = new Map<string, Sender>();

  function senderOf(from: string, nowMs: number): Sender {
    const known = senders.get(from);
    if (known !== undefined) return known;
    // Whoever has been silent for long has no call left that its time would not refuse.
    for (const [name, { validUntilMs }] of senders) if (validUntilMs < nowMs) senders.delete(name);
    const fresh = { seen: new Uint32Array(windowCalls / 32), highest: -1, validUntilMs: 0 };
    senders.set(from, fresh);
    return fresh;
  }

  return {
    take({ from, number, sentMs }, nowMs) {
      const sender = senderOf(from, nowMs);
      const { seen, highest } = sender;
      if (number <= highest - windowCalls) return false;
      if (number > highest) {
        forget(seen, { after: highest, upTo: number });
        sender.highest = number;
      }
      const place = number % windowCalls;
      const bit = 1 << (place & 31);
      const word = seen[place >>> 5] ?? 0;
      if ((word & bit) !== 0) return false;
      seen[place >>> 5] = word | bit;
      sender.validUntilMs = Math.max(sender.validUntilMs, sentMs + signatureWindowMs);
      return true;
    },
  };
}

/** Clears the bits of the numbers that the window has come to. */
function forget(seen: Uint32Array, { after, upTo }: { after: number; upTo: number }): void {
  if (upTo - after >= windowCalls) {
    seen.fill(0);
    return;
  }
  for (let number = after + 1; number <= upTo; number += 1) {
    const place = number % windowCalls;
    seen[place >>> 5] = (seen[place >>> 5] ?? 0) & ~(1 << (place & 31));
  }
}
