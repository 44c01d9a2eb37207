import { currentLanguage, text } from '../i18n/language.ts';
import { faultOfProblem, RpcFault } from './fault.ts';

/** The server could not be reached. */
export function offlineFault(): RpcFault {
  return new RpcFault({
    code: 'studio.offline',
    status: 0,
    detail: text('shell:offlineDetail'),
    hint: text('shell:offlineHint'),
  });
}

/** The connection broke after a request was sent: whether it was carried out is not known. */
export function answerLostFault(): RpcFault {
  return new RpcFault({
    code: 'studio.answer_lost',
    status: 0,
    detail: text('shell:answerLostDetail'),
    hint: text('shell:answerLostHint'),
  });
}

function csrfToken(): string {
  return /(?:^|; )cds_csrf=([^;]+)/.exec(document.cookie)?.[1] ?? '';
}

/** False when nobody can be signed in here: the cookie lives as long as the session, and we can read it. */
export function maybeSignedIn(): boolean {
  return csrfToken() !== '';
}

export interface SendOptions {
  /** JSON, or a file as it is. */
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/** One request to our own server with the session's cookies; throws only when nothing was answered. */
export async function send(verb: string, path: string, options: SendOptions = {}): Promise<Response> {
  const headers: Record<string, string> = {
    accept: 'application/json',
    'accept-language': currentLanguage(),
    'x-cds-session': 'cookie',
  };
  if (verb !== 'GET') headers['x-cds-csrf'] = csrfToken();
  const { body } = options;
  const isFile = body instanceof Blob;
  if (body !== undefined) headers['content-type'] = isFile ? 'application/zip' : 'application/json';
  try {
    return await fetch(path, {
      method: verb,
      headers,
      credentials: 'same-origin',
      ...(body === undefined ? {} : { body: isFile ? body : JSON.stringify(body) }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
  } catch (error) {
    if (options.signal?.aborted === true) throw error;
    throw offlineFault();
  }
}

const renewedAtKey = 'cds.renewedAtMs';
let renewingHere: Promise<boolean> | undefined;

/** One tab at a time: a refresh token works once, and using it a second time ends the session. */
function withRenewalLock(work: () => Promise<boolean>): Promise<boolean> {
  // Lock manager: secure contexts only. A plain http address in the network has none; there each tab is alone.
  if (navigator.locks === undefined) return work();
  return navigator.locks.request('cds-session-renewal', work);
}

/**
 * Renews the session's cookies, once for all tabs.
 * @param refusedSinceMs when the request that was refused began: a renewal after that already helps it
 * @returns false when the person has to sign in again
 * @throws studio.offline
 */
export function renewSession(refusedSinceMs: number): Promise<boolean> {
  renewingHere ??= withRenewalLock(async () => {
    if (Number(localStorage.getItem(renewedAtKey) ?? '0') > refusedSinceMs) return true;
    const response = await send('POST', '/auth/refresh', { body: {} });
    if (response.ok) localStorage.setItem(renewedAtKey, String(Date.now()));
    if (response.status >= 500 || response.status === 429) throw await problemOf(response);
    return response.ok;
  }).finally(() => {
    renewingHere = undefined;
  });
  return renewingHere;
}

async function problemOf(response: Response): Promise<RpcFault> {
  try {
    return faultOfProblem((await response.json()) as Record<string, unknown>, response.status);
  } catch {
    return offlineFault();
  }
}

/** Sends, and once more after renewing the session when it has lapsed. */
export async function sendSignedIn(verb: string, path: string, options: SendOptions = {}): Promise<Response> {
  const startedAtMs = Date.now();
  const response = await send(verb, path, options);
  if (response.status !== 401 || !(await renewSession(startedAtMs))) return response;
  return send(verb, path, options);
}

/** A REST call. @throws RpcFault */
export async function rest<Result>(verb: string, path: string, body?: unknown): Promise<Result> {
  const options = body === undefined ? {} : { body };
  const opensSession = path === '/auth/login' || path === '/auth/register';
  const response = await (opensSession ? send : sendSignedIn)(verb, path, options);
  if (!response.ok) throw await problemOf(response);
  return (response.status === 204 ? undefined : await response.json()) as Result;
}
