import { createHmac, timingSafeEqual } from 'node:crypto';

const windowMs = 60_000;

/**
 * Signs the body of a call between the platform's own processes: `t=<unix ms>,v=<hex HMAC-SHA-256 of "t.body">`.
 * The key never travels, a body can't be altered, and a captured call is worthless after a minute.
 */
export function signBody(key: Buffer, body: string, nowMs: number): string {
  return `t=${nowMs},v=${createHmac('sha256', key).update(`${nowMs}.${body}`).digest('hex')}`;
}

/** True when the signature is the body's own and not older (or newer) than a minute. */
export function verifyBody(
  key: Buffer,
  signed: { body: string; signature: string | undefined; nowMs: number },
): boolean {
  const match = /^t=(\d{1,15}),v=([0-9a-f]{64})$/.exec(signed.signature ?? '');
  if (match === null) return false;
  const sentMs = Number(match[1]);
  if (Math.abs(signed.nowMs - sentMs) > windowMs) return false;
  const expected = createHmac('sha256', key).update(`${sentMs}.${signed.body}`).digest();
  return timingSafeEqual(expected, Buffer.from(match[2] ?? '', 'hex'));
}
