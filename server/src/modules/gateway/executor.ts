import { type Fault, fault, isFault, type Language } from '#base/fault.ts';
import type { Principal } from '#base/principal.ts';
import { rateClassOf, type TakeRate } from '#kernel/http/rest.ts';
import { LazyCall } from '#kernel/rpc/call-context.ts';
import { nameParams, type RpcRequest } from '#kernel/rpc/envelope.ts';
import { authorize, type BoundMethod } from '#kernel/rpc/method.ts';
import type { CallMeter } from '#kernel/telemetry/call-meter.ts';

/** Who asks, and from where. */
export interface CallerContext {
  readonly principal: Principal | null;
  /** Why the presented credential does not count; public methods work all the same. */
  readonly denied?: Fault | undefined;
  readonly address: string;
  readonly language: Language;
  readonly traceId: string;
  readonly onSignal?: ((abort: (reason: unknown) => void) => void) | undefined;
  /** Takes the rate limit's headers, where the transport has any. */
  readonly reply: Parameters<TakeRate>[1];
  /** Told when the call is over its limit. */
  readonly onLimited?: (reason: Fault) => void;
  /** Runs a streaming method, where the transport can. */
  readonly openStream?: (input: { method: BoundMethod; params: unknown; call: LazyCall }) => unknown;
  /** Runs the transport's own methods (`stream.*`) in the context of a connection. */
  readonly transport: (method: string, params: unknown, user: Principal) => unknown;
}

export interface Executor {
  /** Runs one request through limits, rights and schema; throws faults. */
  execute(request: RpcRequest, caller: CallerContext): Promise<unknown>;
}

export interface ExecutorOptions {
  readonly methods: ReadonlyMap<string, BoundMethod>;
  readonly takeRate: TakeRate;
  readonly meter: CallMeter;
}

/** What surrounds every JSON-RPC call, in the order that the gateway's specification gives. */
export function createExecutor(options: ExecutorOptions): Executor {
  const { methods, takeRate, meter } = options;

  /** Not async itself: each further promise on the way of a call costs half a microsecond. */
  function run(method: BoundMethod, request: RpcRequest, caller: CallerContext): unknown {
    const { definition } = method;
    const { principal } = caller;
    if (caller.denied !== undefined && definition.access !== 'public') throw caller.denied;
    if (method.module === 'gateway' && method.name.startsWith('stream.')) {
      // These belong to the connection, not to a namespace that a key could be confined to.
      if (principal === null) throw fault('common.unauthenticated');
      return caller.transport(method.name, nameParams(request.params, definition.positional), principal);
    }
    authorize(method, principal);
    const params = nameParams(request.params, definition.positional);
    const { traceId, address, language } = caller;
    if (!method.streaming) {
      const call = new LazyCall({ principal, traceId, address, language, onSignal: caller.onSignal });
      return method.invoke(params, call);
    }
    if (caller.openStream === undefined || request.id === undefined) {
      throw fault('stream.needs_websocket', { method: method.name });
    }
    // A stream outlives its connection, so the client's departure does not abort it.
    const call = new LazyCall({ principal, traceId, address, language });
    return caller.openStream({ method, params, call });
  }

  return {
    async execute(request, caller) {
      const startedAtMs = performance.now();
      const method = methods.get(request.method);
      if (method === undefined) {
        const error = fault('common.method_not_found', { method: request.method.slice(0, 200) });
        // Probing for methods costs from the same bucket as calling one.
        const limited = takeRate(
          { principal: caller.principal, address: caller.address, rateClass: 'read' },
          caller.reply,
        );
        if (limited !== undefined) await limited;
        meter.record('unknown', { startedAtMs, error });
        throw error;
      }
      try {
        const { principal, address, reply } = caller;
        const limited = takeRate({ principal, address, rateClass: rateClassOf(method.definition) }, reply);
        if (limited !== undefined) await limited;
        const result = await run(method, request, caller);
        meter.record(method.name, { startedAtMs });
        return result;
      } catch (error) {
        meter.record(method.name, { startedAtMs, error });
        if (isFault(error, 'common.rate_limited')) caller.onLimited?.(error);
        throw error;
      }
    },
  };
}
