import type { Chunk, MethodName, Params, Result } from './contracts.ts';
import { RpcFault } from './fault.ts';
import { offlineFault, renewSession, send } from './http.ts';
import { openStream } from './streams.ts';

interface RpcAnswer {
  readonly result?: unknown;
  readonly error?: {
    readonly code: number;
    readonly message: string;
    readonly data?: Record<string, unknown>;
  };
}

/** The fault in a JSON-RPC error object. */
export function faultOf(error: NonNullable<RpcAnswer['error']>): RpcFault {
  const { code, detail, hint, ...data } = error.data ?? {};
  return new RpcFault({
    code: String(code ?? 'common.internal'),
    status: error.code === -32001 ? 401 : 400,
    detail: String(detail ?? error.message),
    hint: String(hint ?? ''),
    data,
  });
}

let nextId = 1;

async function callOnce(method: string, params: unknown): Promise<RpcAnswer> {
  const response = await send('POST', '/rpc', { jsonrpc: '2.0', id: nextId++, method, params });
  const text = await response.text();
  try {
    const answer = JSON.parse(text) as RpcAnswer & { code?: string; detail?: string; hint?: string };
    if (answer.result !== undefined || answer.error !== undefined) return answer;
    // Refused before JSON-RPC: problem details.
    const { detail = '', ...data } = answer as Record<string, unknown>;
    return {
      error: {
        code: response.status === 401 ? -32001 : -32000,
        message: String(detail),
        data: { ...data, detail },
      },
    };
  } catch {
    throw offlineFault();
  }
}

export const rpc = {
  /** Calls a method and resolves with its result. @throws RpcFault */
  async call<M extends MethodName>(method: M, params: Params<M>): Promise<Result<M>> {
    let answer = await callOnce(method, params);
    if (answer.error?.code === -32001 && (await renewSession())) answer = await callOnce(method, params);
    if (answer.error !== undefined) throw faultOf(answer.error);
    return answer.result as Result<M>;
  },

  /**
   * Calls a streaming method: `onChunk` for each chunk in order, also across broken connections; resolves with the
   * result. Aborting the signal cancels the call on the server.
   */
  stream<M extends MethodName>(
    method: M,
    params: Params<M>,
    options: { onChunk: (chunk: Chunk<M>) => void; signal?: AbortSignal },
  ): Promise<Result<M>> {
    return openStream(method, params, {
      onChunk: options.onChunk as (chunk: unknown) => void,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    }) as Promise<Result<M>>;
  },
};
