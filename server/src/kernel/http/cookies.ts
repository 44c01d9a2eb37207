import { createHmac, timingSafeEqual } from 'node:crypto';

export const cookieNames = { session: 'cds_session', refresh: 'cds_refresh', csrf: 'cds_csrf' } as const;

/** Reads the cookies of a Cookie header (RFC 6265 section 4.2); the first of equal names counts. */
export function readCookies(header: string | undefined): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>();
  if (header === undefined) return cookies;
  for (const part of header.split(';')) {
    const equals = part.indexOf('=');
    if (equals < 0) continue;
    const name = part.slice(0, equals).trim();
    if (!cookies.has(name)) cookies.set(name, part.slice(equals + 1).trim());
  }
  return cookies;
}

export interface SessionCookieInput {
  readonly accessToken: string;
  readonly refreshToken: string;
  /** Life of the access token in seconds. */
  readonly expiresIn: number;
  /** Life of the refresh token in seconds. */
  readonly refreshExpiresIn: number;
  readonly sessionId: string;
  readonly secure: boolean;
}

/** The CSRF value of a session: readable by our own pages alone, worthless for any other session. */
export function csrfTokenOf(key: Buffer, sessionId: string): string {
  return createHmac('sha256', key).update(sessionId).digest('base64url');
}

export function csrfMatches(key: Buffer, sessionId: string, header: unknown): boolean {
  if (typeof header !== 'string') return false;
  const expected = Buffer.from(csrfTokenOf(key, sessionId));
  const given = Buffer.from(header);
  return expected.length === given.length && timingSafeEqual(expected, given);
}

/** Set-Cookie values that sign a browser in. Scripts can read the CSRF value only. */
export function openSessionCookies(csrfKey: Buffer, input: SessionCookieInput): string[] {
  const common = `SameSite=Strict${input.secure ? '; Secure' : ''}`;
  const { session, refresh, csrf } = cookieNames;
  return [
    `${session}=${input.accessToken}; Path=/; HttpOnly; Max-Age=${input.expiresIn}; ${common}`,
    `${refresh}=${input.refreshToken}; Path=/auth; HttpOnly; Max-Age=${input.refreshExpiresIn}; ${common}`,
    `${csrf}=${csrfTokenOf(csrfKey, input.sessionId)}; Path=/; Max-Age=${input.refreshExpiresIn}; ${common}`,
  ];
}

/** Set-Cookie values that sign a browser out. */
export function closeSessionCookies(secure: boolean): string[] {
  const end = `Max-Age=0; SameSite=Strict${secure ? '; Secure' : ''}`;
  return [
    `${cookieNames.session}=; Path=/; HttpOnly; ${end}`,
    `${cookieNames.refresh}=; Path=/auth; HttpOnly; ${end}`,
    `${cookieNames.csrf}=; Path=/; ${end}`,
  ];
}
