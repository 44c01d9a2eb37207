import { createHash } from 'node:crypto';

const token = /^(sha256|sha384|sha512)-([A-Za-z0-9+/=_-]+)(\?.*)?$/;

/** Whether bytes are what an integrity value promises; a value without a known digest promises nothing. W3C SRI, 3.3. */
export function fitsIntegrity(value: string, bytes: Uint8Array): boolean {
  const known = value
    .split(/\s+/)
    .map((one) => token.exec(one))
    .filter((one) => one !== null);
  if (known.length === 0) return true;
  return known.some(([, algorithm = '', digest = '']) => digestOf(algorithm, bytes) === digest);
}

/** The same value for other bytes: each digest anew, everything else as it was. */
export function renewIntegrity(value: string, bytes: Uint8Array): string {
  return value.replace(
    /\b(sha256|sha384|sha512)-[A-Za-z0-9+/=_-]+/g,
    (_whole, algorithm: string) => `${algorithm}-${digestOf(algorithm, bytes)}`,
  );
}

function digestOf(algorithm: string, bytes: Uint8Array): string {
  return createHash(algorithm).update(bytes).digest('base64');
}
