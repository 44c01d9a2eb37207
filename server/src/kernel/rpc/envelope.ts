import { fault } from '#base/fault.ts';

export type RpcId = string | number | null;

/** One request object of JSON-RPC 2.0; without `id` it is a notification and gets no answer. */
export interface RpcRequest {
  readonly method: string;
  readonly params: unknown;
  readonly id: RpcId | undefined;
}

/** Either a request, or the reason why this element of the text is none, with the id to answer to. */
export type RpcItem =
  | { readonly kind: 'request'; readonly request: RpcRequest }
  | { readonly kind: 'invalid'; readonly id: RpcId; readonly reason: string };

export interface RpcMessage {
  readonly batch: boolean;
  readonly items: readonly RpcItem[];
}

const maxBatch = 100;
/** Deeper values overflow the stack of whoever walks them, JSON.stringify included. */
const maxDepth = 200;

/**
 * Reads a JSON-RPC 2.0 message (https://www.jsonrpc.org/specification).
 * @throws common.parse_error on bad JSON, common.invalid_request on an empty or oversized batch and on values
 * nested deeper than 200 levels
 */
export function parseRpcMessage(text: string): RpcMessage {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw fault('common.parse_error', {}, { cause: error });
  }
  if (isDeep(text)) {
    throw fault('common.invalid_request', { reason: `values are nested deeper than ${maxDepth} levels` });
  }
  if (!Array.isArray(value)) return { batch: false, items: [readItem(value)] };
  if (value.length === 0) throw fault('common.invalid_request', { reason: 'the batch is empty' });
  if (value.length > maxBatch) {
    throw fault('common.invalid_request', { reason: `a batch has at most ${maxBatch} calls` });
  }
  return { batch: true, items: value.map(readItem) };
}

/** True when a valid JSON text nests deeper than `maxDepth`. */
function isDeep(text: string): boolean {
  // Every level takes an opening and a closing sign.
  if (text.length < 2 * maxDepth) return false;
  let depth = 0;
  let inText = false;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (inText) {
      if (code === 0x5c) index += 1;
      else if (code === 0x22) inText = false;
    } else if (code === 0x22) inText = true;
    else if (code === 0x5b || code === 0x7b) {
      depth += 1;
      if (depth > maxDepth) return true;
    } else if (code === 0x5d || code === 0x7d) depth -= 1;
  }
  return false;
}

function readItem(value: unknown): RpcItem {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { kind: 'invalid', id: null, reason: 'a request is an object' };
  }
  const { jsonrpc, method, params, id } = value as Record<string, unknown>;
  const knownId = typeof id === 'string' || typeof id === 'number' ? id : null;
  if (jsonrpc !== '2.0') return { kind: 'invalid', id: knownId, reason: 'jsonrpc must be "2.0"' };
  if (typeof method !== 'string') return { kind: 'invalid', id: knownId, reason: 'method must be a string' };
  if (params !== undefined && (typeof params !== 'object' || params === null)) {
    return { kind: 'invalid', id: knownId, reason: 'params must be an object or an array' };
  }
  if (id !== undefined && id !== null && typeof id !== 'string' && typeof id !== 'number') {
    return { kind: 'invalid', id: null, reason: 'id must be a string, a number or null' };
  }
  return { kind: 'request', request: { method, params, id } };
}

/** Turns positional params into named ones by the order that the contract lists. */
export function nameParams(params: unknown, positional: readonly string[] | undefined): unknown {
  if (!Array.isArray(params)) return params ?? {};
  if (positional === undefined) {
    if (params.length === 0) return {};
    throw fault('common.invalid_params', { field: 'params', reason: 'this method takes params by name' });
  }
  if (params.length > positional.length) {
    throw fault('common.invalid_params', {
      field: 'params',
      reason: `at most ${positional.length} positions`,
    });
  }
  return Object.fromEntries(params.map((value, index) => [positional[index], value]));
}
