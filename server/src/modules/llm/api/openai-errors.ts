import type { Language } from '#base/fault.ts';
import { fault, isFault } from '#base/fault.ts';
import type { FaultCatalogue } from '#kernel/rpc/fault-catalogue.ts';

export interface OpenAiError {
  readonly status: number;
  readonly retryAfterMs: number | undefined;
  readonly body: {
    readonly error: {
      readonly message: string;
      readonly type: string;
      readonly param: string | null;
      readonly code: string;
      /** Beyond OpenAI's: how full the queue was that had no place. */
      readonly queue?: { readonly waiting: number; readonly position: number };
    };
  };
}

const types: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  402: 'insufficient_quota',
  403: 'permission_error',
  429: 'rate_limit_error',
};

/** Codes that clients of OpenAI know; every other fault keeps its own. */
const codes: Readonly<Record<string, string>> = {
  'llm.model_not_found': 'model_not_found',
  'llm.no_model': 'model_not_found',
  'llm.context_length_exceeded': 'context_length_exceeded',
  'common.unauthenticated': 'invalid_api_key',
  'ledger.insufficient_balance': 'insufficient_quota',
  'ledger.budget_exceeded': 'insufficient_quota',
  'common.rate_limited': 'rate_limit_exceeded',
  'llm.queue_full': 'rate_limit_exceeded',
  'llm.provider_limited': 'rate_limit_exceeded',
};

/** A fault as an error object of OpenAI's API, in the reader's language; what went wrong and what to do. */
export function openAiError(
  error: unknown,
  reader: {
    readonly catalogue: FaultCatalogue;
    readonly language: Language;
    readonly traceId: string;
    readonly limitBytes: number;
  },
): OpenAiError {
  const { code, status, detail, hint, data } = reader.catalogue.describe(
    asFault(error, reader.limitBytes),
    reader,
  );
  const field = typeof data.field === 'string' ? data.field : null;
  return {
    status,
    retryAfterMs: typeof data.retryAfterMs === 'number' ? data.retryAfterMs : undefined,
    body: {
      error: {
        message: `${detail} ${hint}`,
        type: types[status] ?? (status >= 500 ? 'server_error' : 'invalid_request_error'),
        param: code === 'llm.model_not_found' ? 'model' : field,
        code: codes[code] ?? code,
        ...(typeof data.waiting === 'number' && typeof data.position === 'number'
          ? { queue: { waiting: data.waiting, position: data.position } }
          : {}),
      },
    },
  };
}

/** Fastify's own refusals in our terms. */
function asFault(error: unknown, limitBytes: number): unknown {
  if (isFault(error) || !(error instanceof Error)) return error;
  const { code, statusCode } = error as { code?: string; statusCode?: number };
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return fault('common.too_large', { limitBytes });
  if (error instanceof SyntaxError || code === 'FST_ERR_CTP_INVALID_JSON_BODY')
    return fault('common.parse_error');
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return fault('common.invalid_request', { reason: 'the HTTP request is not valid' });
  }
  return error;
}
