import { type ConnectionState, RpcConnection, type Socket } from './connection.ts';
import type { Chunk, MethodName, Params, Result, StreamName, UnaryName } from './contracts.ts';
import { faultOfProblem, faultOfRpcError, isRpcFault, type RpcErrorObject } from './fault.ts';
import { offlineFault, renewSession, send, sendSignedIn } from './http.ts';

/** A stream of chunks; `restartable` as in `StreamOptions`. */
export interface StreamCall<M extends MethodName> {
  readonly onChunk: (chunk: Chunk<M>) => void;
  readonly signal?: AbortSignal;
  readonly restartable?: boolean;
}

const stateListeners = new Set<() => void>();
/** A small call that the status bar makes regularly: the time of its answer is the time of the connection. */
const pingMethod: UnaryName = 'ledger.balance';
let lastRoundTripMs: number | undefined;

const connection = new RpcConnection({
  openSocket() {
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    return new WebSocket(`${scheme}://${location.host}/ws`) as unknown as Socket;
  },
  async makeReady() {
    // A refused upgrade looks like a broken network to a browser: ask, and renew only what has lapsed.
    const startedAtMs = Date.now();
    const response = await send('GET', '/auth/me');
    return response.status !== 401 || renewSession(startedAtMs);
  },
  onState: () => announce(),
  probeMethod: pingMethod,
});

function announce(): void {
  for (const listener of stateListeners) listener();
}

let nextId = 1;

async function callByHttp(method: string, params: unknown): Promise<unknown> {
  const body = { jsonrpc: '2.0', id: nextId++, method, params };
  const startedAtMs = Date.now();
  const response = await sendSignedIn('POST', '/rpc', { body });
  let answer: Record<string, unknown>;
  try {
    answer = (await response.json()) as Record<string, unknown>;
  } catch {
    throw offlineFault();
  }
  if (answer.error !== undefined) {
    const fault = faultOfRpcError(answer.error as RpcErrorObject);
    if (fault.status !== 401) throw fault;
    // JSON-RPC refuses inside of an answer with status 200.
    if (!(await renewSession(startedAtMs))) throw fault;
    const again = (await (await send('POST', '/rpc', { body })).json()) as {
      result?: unknown;
      error?: RpcErrorObject;
    };
    if (again.error !== undefined) throw faultOfRpcError(again.error);
    return again.result;
  }
  if (!('result' in answer)) throw faultOfProblem(answer, response.status);
  return answer.result;
}

async function call(method: string, params: unknown): Promise<unknown> {
  if (connection.state !== 'open') return callByHttp(method, params);
  const startedAt = performance.now();
  try {
    const result = await connection.request(method, params);
    if (method === pingMethod) lastRoundTripMs = performance.now() - startedAt;
    return result;
  } catch (error) {
    // Refused before it was carried out: the session that opened the connection has lapsed.
    if (isRpcFault(error, 'gateway.session_ended', 'common.unauthenticated'))
      return callByHttp(method, params);
    throw error;
  }
}

/** The typed door to the server. Names, params and results come from the contracts, as types only. */
export const rpc = {
  /** Calls a method: over the WebSocket when it is open, else over HTTP. @throws RpcFault */
  call<M extends UnaryName>(method: M, params: Params<M>): Promise<Result<M>> {
    return call(method, params) as Promise<Result<M>>;
  },

  /**
   * Calls a streaming method: `onChunk` for each chunk in order, also across broken connections; resolves with the
   * result. Aborting the signal cancels the call on the server. @throws RpcFault, or the signal's reason
   */
  stream<M extends StreamName>(method: M, params: Params<M>, options: StreamCall<M>): Promise<Result<M>> {
    return connection.stream(method, params, {
      onChunk: options.onChunk as (chunk: unknown) => void,
      restartable: options.restartable === true,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    }) as Promise<Result<M>>;
  },
};

/** The connection's life, for whoever signs in, signs out, or shows it. */
export const rpcConnection = {
  start: () => connection.start(),
  stop: () => connection.stop(),
  hurry: () => connection.hurry(),
  state: (): ConnectionState => connection.state,
  /** Milliseconds that the last answer took; undefined before the first. */
  roundTripMs: () => lastRoundTripMs,
  subscribe(listener: () => void): () => void {
    stateListeners.add(listener);
    return () => stateListeners.delete(listener);
  },
};
