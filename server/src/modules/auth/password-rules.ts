import { fault } from '#base/fault.ts';
import { isCommonPassword } from './common-passwords.ts';

export const minimumPasswordLength = 10;
const maximumPasswordLength = 256;

/**
 * One form for what looks alike: keyboards differ in how they compose letters with accents (RFC 8265 section 4.2,
 * OpaqueString). Used before hashing and before checking.
 */
export function normalizePassword(password: string): string {
  return password.normalize('NFC');
}

/**
 * Refuses weak passwords. Characters are counted as people do, by code points.
 * @throws auth.password_too_short, auth.password_too_long, auth.password_is_username, auth.password_common
 */
export async function checkNewPassword(password: string, username: string): Promise<void> {
  const normalized = normalizePassword(password);
  const length = [...normalized].length;
  const field = 'password';
  if (length < minimumPasswordLength) {
    throw fault('auth.password_too_short', { field, minimum: minimumPasswordLength });
  }
  if (length > maximumPasswordLength) {
    throw fault('auth.password_too_long', { field, maximum: maximumPasswordLength });
  }
  if (normalized.toLowerCase() === username.toLowerCase()) {
    throw fault('auth.password_is_username', { field });
  }
  if (await isCommonPassword(normalized, minimumPasswordLength))
    throw fault('auth.password_common', { field });
}

/** @throws auth.username_invalid */
export function checkUsername(username: string): void {
  // ASCII alone: look-alikes of other scripts would let one user pose as another.
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}[A-Za-z0-9]$/.test(username)) {
    throw fault('auth.username_invalid', { field: 'username' });
  }
}

/** What names are compared by. PostgreSQL's text can't hold NUL, and no name has one. */
export function usernameKey(username: string): string {
  return username.toLowerCase().replaceAll('\0', '\u{fffd}');
}
