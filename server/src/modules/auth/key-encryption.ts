import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const ivBytes = 12;
const tagBytes = 16;
const algorithm = 'aes-256-gcm';

/** AES-256-GCM with a random 96-bit IV; `purpose` is authenticated too, so that a text fits its own place only. */
export function encrypt(plain: Buffer, key: Buffer, purpose: string): Buffer {
  const iv = randomBytes(ivBytes);
  const cipher = createCipheriv(algorithm, key, iv, { authTagLength: tagBytes });
  cipher.setAAD(Buffer.from(purpose));
  const body = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), body]);
}

/** Undoes `encrypt`; undefined when key, purpose or text are not the ones of then. */
export function decrypt(sealed: Buffer, key: Buffer, purpose: string): Buffer | undefined {
  if (sealed.length < ivBytes + tagBytes) return undefined;
  // The tag's length must be given: Node would take one of four bytes otherwise.
  const decipher = createDecipheriv(algorithm, key, sealed.subarray(0, ivBytes), { authTagLength: tagBytes });
  decipher.setAAD(Buffer.from(purpose));
  decipher.setAuthTag(sealed.subarray(ivBytes, ivBytes + tagBytes));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(ivBytes + tagBytes)), decipher.final()]);
  } catch {
    return undefined;
  }
}
