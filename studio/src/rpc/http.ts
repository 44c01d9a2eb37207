import { currentLanguage } from '../i18n/language.ts';
import { RpcFault } from './fault.ts';

const unreachable = {
  en: {
    detail: 'The server does not answer.',
    hint: 'Your input stays here; it is sent again when the server is back.',
  },
  de: {
    detail: 'Der Server antwortet nicht.',
    hint: 'Ihre Eingabe bleibt hier und wird gesendet, sobald er wieder da ist.',
  },
};

export function offlineFault(): RpcFault {
  return new RpcFault({ code: 'studio.offline', status: 0, ...unreachable[currentLanguage()] });
}

function csrfToken(): string {
  return /(?:^|; )cds_csrf=([^;]+)/.exec(document.cookie)?.[1] ?? '';
}

/** One request to our own server with the session's cookies; never throws for an HTTP status. */
export async function send(verb: string, path: string, body?: unknown): Promise<Response> {
  const headers: Record<string, string> = { 'accept-language': currentLanguage(), 'x-cds-session': 'cookie' };
  if (verb !== 'GET') headers['x-cds-csrf'] = csrfToken();
  if (body !== undefined) headers['content-type'] = 'application/json';
  try {
    return await fetch(path, {
      method: verb,
      headers,
      credentials: 'same-origin',
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch {
    throw offlineFault();
  }
}

/** Renews the session's cookies once for all tabs; false when the person has to sign in again. */
export async function renewSession(): Promise<boolean> {
  const before = csrfRenewals();
  return navigator.locks.request('cds-session-renewal', async () => {
    if (csrfRenewals() !== before) return true;
    const response = await send('POST', '/auth/refresh', {});
    if (response.ok) localStorage.setItem('cds.renewals', String(before + 1));
    return response.ok;
  });
}

/** Counts renewals across tabs: whoever waited for the lock sees that another tab has done it. */
function csrfRenewals(): number {
  return Number(localStorage.getItem('cds.renewals') ?? '0');
}

async function problemOf(response: Response): Promise<RpcFault> {
  const text = await response.text();
  try {
    const { code, status, detail, hint, ...data } = JSON.parse(text) as Record<string, unknown>;
    return new RpcFault({
      code: String(code),
      status: Number(status),
      detail: String(detail),
      hint: String(hint),
      data,
    });
  } catch {
    return offlineFault();
  }
}

/** A REST call; renews the session once when it has lapsed. */
export async function rest<Result>(verb: string, path: string, body?: unknown): Promise<Result> {
  let response = await send(verb, path, body);
  if (response.status === 401 && !path.startsWith('/auth/login') && (await renewSession())) {
    response = await send(verb, path, body);
  }
  if (!response.ok) throw await problemOf(response);
  return (response.status === 204 ? undefined : await response.json()) as Result;
}
