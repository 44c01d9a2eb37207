import { createPrivateKey, createPublicKey, scryptSync, sign, timingSafeEqual, verify } from 'node:crypto';
import { blake2b } from '@noble/hashes/blake2.js';

/** The file formats of minisign (https://jedisct1.github.io/minisign/): Ed25519 over BLAKE2b-512 of the file. */
export interface MinisignKey {
  readonly keyNumber: Buffer;
  /** 32 bytes. */
  readonly seed: Buffer;
}

const seedPrefix = Buffer.from('302e020100300506032b657004220420', 'hex');
const publicPrefix = Buffer.from('302a300506032b6570032100', 'hex');

/** Reads a secret key file; null when it is none, or the password is wrong. Keys without password need none. */
export function readMinisignKey(text: string, password: string): MinisignKey | null {
  const bytes = decodeLine(text, 158);
  if (bytes === null || bytes.toString('latin1', 0, 2) !== 'Ed' || bytes.toString('latin1', 4, 6) !== 'B2')
    return null;
  const secret = Buffer.from(bytes.subarray(54));
  const isLocked = bytes.toString('latin1', 2, 4) === 'Sc';
  if (isLocked) {
    const stream = deriveStream(password, bytes);
    for (let at = 0; at < secret.length; at += 1) secret[at] = (secret[at] ?? 0) ^ (stream[at] ?? 0);
  }
  const keyNumber = secret.subarray(0, 8);
  const key = secret.subarray(8, 72);
  const checksum = blake2b(Buffer.concat([bytes.subarray(0, 2), keyNumber, key]), { dkLen: 32 });
  // The sum tells a wrong password; minisign leaves it empty in keys without one.
  if (isLocked && !timingSafeEqual(checksum, secret.subarray(72))) return null;
  return { keyNumber, seed: key.subarray(0, 32) };
}

/** libsodium's choice of scrypt parameters for its two limits (crypto_pwhash_scryptsalsa208sha256, pickparams). */
function deriveStream(password: string, bytes: Buffer): Buffer {
  const operations = Math.max(32_768, Number(bytes.readBigUInt64LE(38)));
  const memory = Number(bytes.readBigUInt64LE(46));
  const blockSize = 8;
  const isMemoryRich = operations < memory / 32;
  const most = isMemoryRich ? operations / (blockSize * 4) : memory / (blockSize * 128);
  let log = 1;
  while (log < 63 && 2 ** log <= most / 2) log += 1;
  const cost = 2 ** log;
  const parallelization = isMemoryRich
    ? 1
    : Math.max(1, Math.floor(Math.min(operations / 4 / cost, 0x3fffffff) / blockSize));
  return scryptSync(password, bytes.subarray(6, 38), 104, {
    cost,
    blockSize,
    parallelization,
    maxmem: cost * blockSize * 256,
  });
}

/** A signature file. The comment is signed too; it holds no time, so equal content gives equal bytes. */
export function signMinisign(content: Uint8Array, key: MinisignKey, trustedComment: string): string {
  const privateKey = createPrivateKey({
    key: Buffer.concat([seedPrefix, key.seed]),
    format: 'der',
    type: 'pkcs8',
  });
  const signature = sign(null, blake2b(content, { dkLen: 64 }), privateKey);
  const global = sign(null, Buffer.concat([signature, Buffer.from(trustedComment)]), privateKey);
  const line = Buffer.concat([Buffer.from('ED'), key.keyNumber, signature]).toString('base64');
  return `untrusted comment: signature by cds flow\n${line}\ntrusted comment: ${trustedComment}\n${global.toString('base64')}\n`;
}

/** Whether a signature file belongs to the content and the public key; the signed comment is checked as well. */
export function verifyMinisign(content: Uint8Array, signatureText: string, publicKeyText: string): boolean {
  const lines = signatureText.split('\n');
  const signature = decodeLine(signatureText, 74);
  const publicKey = decodeLine(publicKeyText, 42);
  const comment = /^trusted comment: (.*)$/.exec(lines[2] ?? '')?.[1];
  const global = Buffer.from(lines[3] ?? '', 'base64');
  if (signature === null || publicKey === null || comment === undefined) return false;
  if (!signature.subarray(2, 10).equals(publicKey.subarray(2, 10))) return false;
  const key = createPublicKey({
    key: Buffer.concat([publicPrefix, publicKey.subarray(10)]),
    format: 'der',
    type: 'spki',
  });
  const isPrehashed = signature.toString('latin1', 0, 2) === 'ED';
  const signed = signature.subarray(10);
  const message = isPrehashed ? blake2b(content, { dkLen: 64 }) : content;
  return (
    verify(null, message, key, signed) &&
    verify(null, Buffer.concat([signed, Buffer.from(comment)]), key, global)
  );
}

/** The first line that is base64 of this many bytes: comments come before it, and a bare key has none. */
function decodeLine(text: string, length: number): Buffer | null {
  for (const line of text.split('\n').slice(0, 2)) {
    if (!/^[A-Za-z0-9+/]+=*\s*$/.test(line)) continue;
    const bytes = Buffer.from(line, 'base64');
    if (bytes.length === length) return bytes;
  }
  return null;
}
