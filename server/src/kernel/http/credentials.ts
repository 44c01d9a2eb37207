import type { IncomingHttpHeaders } from 'node:http';
import { fault } from '#base/fault.ts';
import type { Principal } from '#base/principal.ts';
import type { Identity } from '../rpc/identity.ts';
import { cookieNames, csrfMatches, readCookies } from './cookies.ts';

/** A token as it came with a request, and whether a browser added it by itself. */
export interface PresentedToken {
  readonly token: string;
  readonly fromCookie: boolean;
}

/** `Authorization: Bearer …` first, else the session cookie; undefined when neither came. */
export function presentedToken(headers: IncomingHttpHeaders): PresentedToken | undefined {
  const { authorization } = headers;
  if (authorization !== undefined) {
    const token = authorization.startsWith('Bearer ') ? authorization.slice(7).trim() : '';
    return { token, fromCookie: false };
  }
  if (headers.cookie === undefined) return undefined;
  const token = readCookies(headers.cookie).get(cookieNames.session);
  return token === undefined || token === '' ? undefined : { token, fromCookie: true };
}

export interface CredentialCheck {
  readonly identity: Identity;
  readonly csrfKey: Buffer;
}

export interface CheckedRequest {
  readonly headers: IncomingHttpHeaders;
  /** Methods that change nothing need no CSRF value. */
  readonly safe: boolean;
}

/**
 * Who a request acts for; null when it carries no credential. A cookie counts on unsafe requests only together
 * with the session's CSRF value, since browsers send cookies for anybody's page.
 * @throws common.unauthenticated for a credential that is not valid, common.foreign_origin without the CSRF value
 */
export function authenticateRequest(
  request: CheckedRequest,
  check: CredentialCheck,
): Principal | null | Promise<Principal> {
  const presented = presentedToken(request.headers);
  if (presented === undefined) return null;
  const known = check.identity.peek(presented.token);
  if (known !== undefined) {
    checkCsrf(known, presented, { request, check });
    return known;
  }
  return check.identity.authenticate(presented.token).then((principal) => {
    if (principal === null) throw fault('common.unauthenticated');
    checkCsrf(principal, presented, { request, check });
    return principal;
  });
}

function checkCsrf(
  principal: Principal,
  presented: PresentedToken,
  { request, check }: { request: CheckedRequest; check: CredentialCheck },
): void {
  if (!presented.fromCookie || request.safe) return;
  const { credential } = principal;
  const header = request.headers['x-cds-csrf'];
  if (credential.kind !== 'session' || !csrfMatches(check.csrfKey, credential.sessionId, header)) {
    throw fault('common.foreign_origin');
  }
}
