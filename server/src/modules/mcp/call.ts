import type { Logger } from 'pino';
import { fault, isFault, type Language } from '#base/fault.ts';
import type { Principal } from '#base/principal.ts';
import { LazyCall } from '#kernel/rpc/call-context.ts';
import type { FaultCatalogue } from '#kernel/rpc/fault-catalogue.ts';
import { authorize, type BoundMethod } from '#kernel/rpc/method.ts';
import type { CallMeter } from '#kernel/telemetry/call-meter.ts';

/** Who asks, as the HTTP face has established it. */
export interface McpCaller {
  readonly principal: Principal;
  readonly address: string;
  readonly language: Language;
  readonly traceId: string;
}

/** What carrying out a method needs of the platform. */
export interface McpCallParts {
  readonly catalogue: FaultCatalogue;
  readonly meter: CallMeter;
  readonly log: Logger;
}

export interface McpCall {
  readonly method: BoundMethod;
  readonly values: unknown;
  readonly signal: AbortSignal;
}

/** A method's result, or why it was refused: text, hint and code of the fault, in the caller's language. */
export type McpOutcome = { readonly result: unknown } | { readonly refusal: string };

/**
 * Calls a method in the name of the caller, with the rights, schemas and measures of /rpc. `check` may refuse the
 * result by a fault. Never throws: a failure is an outcome that a model can read.
 */
export async function callMethod(
  { catalogue, meter, log }: McpCallParts,
  caller: McpCaller,
  { method, values, signal, check }: McpCall & { readonly check?: (result: unknown) => void },
): Promise<McpOutcome> {
  const startedAtMs = performance.now();
  const call = new LazyCall({
    ...caller,
    onSignal: (abort) => {
      const leave = () => abort(fault('common.cancelled'));
      if (signal.aborted) leave();
      else signal.addEventListener('abort', leave, { once: true });
    },
  });
  try {
    authorize(method, caller.principal);
    const result = await method.invoke(values, call);
    check?.(result);
    meter.record(method.name, { startedAtMs });
    return { result };
  } catch (error) {
    meter.record(method.name, { startedAtMs, error });
    if (!isFault(error))
      log.error({ err: error, traceId: caller.traceId, method: method.name }, 'a tool failed');
    const { detail, hint, code } = catalogue.describe(error, caller);
    return { refusal: `${detail} ${hint} [${code}]` };
  }
}

/** Whether the principal may call the method: by role, and by the scopes of an API key. */
export function mayCall(method: BoundMethod, principal: Principal): boolean {
  try {
    authorize(method, principal);
    return true;
  } catch (error) {
    if (isFault(error)) return false;
    throw error;
  }
}
