import { createHash, randomBytes } from 'node:crypto';

/** A secret that is handed out once and kept as a hash. */
export interface OpaqueToken {
  readonly token: string;
  readonly hash: Buffer;
  /** Enough to recognise it by, too little to guess the rest. */
  readonly prefix: string;
}

/** 256 random bits in base64url behind a mark that tells what it is (and lets scanners of leaked secrets find it). */
export function createOpaqueToken(mark: 'cds_' | 'cdr_' | 'cdi_'): OpaqueToken {
  const token = mark + randomBytes(32).toString('base64url');
  return { token, hash: hashToken(token), prefix: token.slice(0, 12) };
}

/** SHA-256 is enough: nobody can try 2^256 values, so nothing slower is needed. */
export function hashToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
