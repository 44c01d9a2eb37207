import { FlowFault } from '../../core/fault.ts';
import { interruptedFault } from '../faults.ts';
import { type HttpCall, requestWithRetries } from '../http-client.ts';

/** What every call to Cloudflare's API shares. */
export type CloudflareAccess = Readonly<{
  apiUrl: string;
  token: string;
  signal: AbortSignal;
  timeoutMs?: number;
  retries?: number;
}>;

export type CloudflareCall = Readonly<{
  method: string;
  /** Below the API's base address, with a leading slash. */
  path: string;
  json?: unknown;
  form?: FormData;
  /** Another bearer token than the account's: uploads have one of their own. */
  token?: string;
}>;

type Envelope = { success?: boolean; result?: unknown; errors?: Array<{ code?: number; message?: string }> };

const FIRST_DELAY_MS = 500;

/**
 * Calls the API and answers `result`. Repeats on 429, 5xx, time-outs and broken connections, as Retry-After says.
 * @throws cloudflare.refused (with the API's own words), cloudflare.unreachable, deploy.interrupted
 */
export async function callCloudflare(access: CloudflareAccess, call: CloudflareCall): Promise<unknown> {
  const body = await encodeBody(call);
  const http: HttpCall = {
    method: call.method,
    url: access.apiUrl.replace(/\/$/, '') + call.path,
    headers: { authorization: `Bearer ${call.token ?? access.token}`, ...body.headers },
    ...(body.content === undefined ? {} : { body: body.content }),
    timeoutMs: access.timeoutMs ?? 120_000,
    signal: access.signal,
  };
  const policy = { retries: access.retries ?? 5, firstDelayMs: FIRST_DELAY_MS, signal: access.signal };
  const answer = await requestWithRetries(http, policy).catch((cause: unknown) => {
    throw access.signal.aborted ? interruptedFault() : unreachableFault(access.apiUrl, cause);
  });
  const envelope = parseEnvelope(answer.body.toString('utf8'));
  if (answer.status < 300 && envelope?.success === true) return envelope.result;
  throw refusedFault({ call, status: answer.status, envelope });
}

async function encodeBody(
  call: CloudflareCall,
): Promise<{ headers: Record<string, string>; content?: Uint8Array | string }> {
  if (call.json !== undefined) {
    return { headers: { 'content-type': 'application/json' }, content: JSON.stringify(call.json) };
  }
  if (call.form === undefined) return { headers: {} };
  const encoded = new Response(call.form);
  const content = new Uint8Array(await encoded.arrayBuffer());
  return { headers: { 'content-type': encoded.headers.get('content-type') ?? '' }, content };
}

function parseEnvelope(text: string): Envelope | null {
  try {
    return JSON.parse(text) as Envelope;
  } catch {
    return null;
  }
}

function unreachableFault(apiUrl: string, cause: unknown): FlowFault {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new FlowFault('cloudflare.unreachable', {
    text: { en: `${apiUrl} does not answer: ${reason}`, de: `${apiUrl} antwortet nicht: ${reason}` },
    fix: { en: 'Check the network and try again.', de: 'Das Netz prüfen und erneut versuchen.' },
    cause,
  });
}

function refusedFault(input: { call: CloudflareCall; status: number; envelope: Envelope | null }): FlowFault {
  const words = (input.envelope?.errors ?? []).map((error) =>
    `${error.code ?? '?'} ${error.message ?? ''}`.trim(),
  );
  const reason = [String(input.status), ...words].join(', ');
  const isAccess = input.status === 401 || input.status === 403;
  const isLimit = input.status === 429;
  return new FlowFault('cloudflare.refused', {
    text: {
      en: `Cloudflare refused ${input.call.method} ${input.call.path}: ${reason}.`,
      de: `Cloudflare hat ${input.call.method} ${input.call.path} abgelehnt: ${reason}.`,
    },
    fix: isLimit
      ? {
          en: 'The limit of the API is reached: wait and try again.',
          de: 'Das Limit der API ist erreicht: warten und erneut versuchen.',
        }
      : isAccess
        ? { en: 'Check the API token and its permissions.', de: 'Das API-Token und seine Rechte prüfen.' }
        : { en: 'Check account, project and settings.', de: 'Konto, Projekt und Einstellungen prüfen.' },
  });
}
