import { createHmac, timingSafeEqual } from 'node:crypto';

/** How far the clocks of two processes may be apart, with the way between them. */
export const signatureWindowMs = 60_000;

/** What a call between processes says of itself beside its body; the signature covers it too. */
export interface CallMark {
  /** Unix time in milliseconds. */
  readonly sentMs: number;
  /** Instance that sends it. */
  readonly from: string;
  /** Instance that it is meant for: nobody else takes it, nor does the same service after a restart. */
  readonly to: string;
  /** Counts the sender's calls: each number comes once. */
  readonly number: number;
}

/**
 * Signs the body of a call between the platform's own processes with HMAC-SHA-256. The key never travels, a body can't
 * be altered, and a captured call is worthless: it has been taken already, and is worth nothing elsewhere.
 */
export function signBody(key: Buffer, body: string, mark: CallMark): string {
  const text = `t=${mark.sentMs},f=${mark.from},r=${mark.to},n=${mark.number}`;
  return `${text},v=${macOf(key, text, body).toString('hex')}`;
}

const form = /^(t=(\d{1,15}),f=([0-9a-f-]{36}),r=([0-9a-f-]{36}),n=(\d{1,15})),v=([0-9a-f]{64})$/;

/** The mark of a call whose signature is its own and not older (or newer) than a minute; else undefined. */
export function verifyBody(
  key: Buffer,
  signed: { body: string; signature: string | undefined; nowMs: number },
): CallMark | undefined {
  const [, text, sent, from, to, number, mac] = form.exec(signed.signature ?? '') ?? [];
  if (text === undefined || from === undefined || to === undefined || mac === undefined) return undefined;
  const sentMs = Number(sent);
  if (Math.abs(signed.nowMs - sentMs) > signatureWindowMs) return undefined;
  if (!timingSafeEqual(macOf(key, text, signed.body), Buffer.from(mac, 'hex'))) return undefined;
  return { sentMs, from, to, number: Number(number) };
}

function macOf(key: Buffer, text: string, body: string): Buffer {
  return createHmac('sha256', key).update(`${text}.${body}`).digest();
}
