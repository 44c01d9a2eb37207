import type { Language } from '#base/fault.ts';
import { fault, isFault } from '#base/fault.ts';
import { parseRpcMessage, type RpcId, type RpcItem, type RpcRequest } from './envelope.ts';
import { type FaultCatalogue, rpcCodeOf } from './fault-catalogue.ts';

/** Runs one call; throws faults. */
export type ExecuteRpc = (request: RpcRequest) => Promise<unknown>;

export interface DispatchContext {
  readonly execute: ExecuteRpc;
  readonly catalogue: FaultCatalogue;
  readonly language: Language;
  readonly traceId: string;
  /** Told of each error that is no fault, before it is turned into common.internal. */
  readonly onUnexpected: (error: unknown, method: string) => void;
}

interface RpcAnswer {
  readonly jsonrpc: '2.0';
  readonly id: RpcId;
  readonly result?: unknown;
  readonly error?: RpcErrorObject;
}

export interface RpcErrorObject {
  readonly code: number;
  readonly message: string;
  readonly data: Readonly<Record<string, unknown>>;
}

type ErrorReader = Pick<DispatchContext, 'catalogue' | 'language' | 'traceId'>;

/** The JSON-RPC error object of a fault: `data` holds `code`, `detail`, `hint` and the fault's own values. */
export function rpcErrorOf(error: unknown, reader: ErrorReader): RpcErrorObject {
  const described = reader.catalogue.describe(error, reader);
  return {
    code: rpcCodeOf(described),
    message: described.detail,
    data: {
      ...described.data,
      code: described.code,
      detail: described.detail,
      hint: described.hint,
      traceId: reader.traceId,
    },
  };
}

/** Answers one JSON-RPC text; null when nothing may be answered (notifications only). */
export async function dispatchRpc(text: string, context: DispatchContext): Promise<string | null> {
  let message: ReturnType<typeof parseRpcMessage>;
  try {
    message = parseRpcMessage(text);
  } catch (error) {
    return JSON.stringify({ jsonrpc: '2.0', id: null, error: rpcErrorOf(error, context) });
  }
  const first = message.items[0];
  if (!message.batch && first !== undefined) {
    const answer = await answerItem(first, context);
    return answer === null ? null : JSON.stringify(answer);
  }
  const answers = await Promise.all(message.items.map((item) => answerItem(item, context)));
  const spoken = answers.filter((answer) => answer !== null);
  return spoken.length === 0 ? null : JSON.stringify(spoken);
}

async function answerItem(item: RpcItem, context: DispatchContext): Promise<RpcAnswer | null> {
  if (item.kind === 'invalid') {
    const error = rpcErrorOf(fault('common.invalid_request', { reason: item.reason }), context);
    return { jsonrpc: '2.0', id: item.id, error };
  }
  const { request } = item;
  try {
    const result = await context.execute(request);
    return request.id === undefined ? null : { jsonrpc: '2.0', id: request.id, result: result ?? null };
  } catch (error) {
    if (!isFault(error)) context.onUnexpected(error, request.method);
    return request.id === undefined
      ? null
      : { jsonrpc: '2.0', id: request.id, error: rpcErrorOf(error, context) };
  }
}
