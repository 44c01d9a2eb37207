import type { z } from 'zod';
import type { FaultDefinitions, Language } from './fault.ts';
import type { Principal, Role } from './principal.ts';

/** `public` needs no sign-in; `service` is callable by other parts of the platform only. */
export type Access = 'public' | Role | 'service';

/** Which token bucket a call draws from. */
export type RateClass = 'read' | 'write' | 'execute' | 'inference' | 'auth';

/** The REST face of a method. Path, query and body are merged into its params, in rising precedence path last. */
export interface HttpBinding {
  readonly verb: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** With `:name` for path parameters. */
  readonly path: string;
  /** Status of success; 200 by default, 204 drops the body. */
  readonly status?: number;
  /** The method opens, renews or closes the browser's cookie session. */
  readonly session?: 'open' | 'renew' | 'close';
}

export interface MethodDefinition {
  /** One English line for the generated reference. */
  readonly summary: string;
  readonly access: Access;
  readonly params: z.ZodObject;
  readonly result: z.ZodType;
  /** Present on a streaming method: the shape of one chunk. `result` is then what `stream.end` carries. */
  readonly chunk?: z.ZodType;
  /** Order of params for callers that pass an array. */
  readonly positional?: readonly string[];
  readonly rateClass?: RateClass;
  readonly http?: HttpBinding;
  /** Whether JSON-RPC offers it; by default it does unless the method has an `http` face or is for services. */
  readonly rpc?: boolean;
  /** Ends the call after so long; 30 s by default, 0 for none (streams have none by default). */
  readonly timeoutMs?: number;
}

export interface EventDefinition {
  readonly summary: string;
  readonly payload: z.ZodType;
  /** Durable events are stored with the change they announce and reach each consumer at least once. */
  readonly durable: boolean;
}

export type MethodDefinitions = Readonly<Record<string, MethodDefinition>>;
export type EventDefinitions = Readonly<Record<string, EventDefinition>>;

export interface Contract<
  Methods extends MethodDefinitions = MethodDefinitions,
  Events extends EventDefinitions = EventDefinitions,
  Faults extends FaultDefinitions = FaultDefinitions,
> {
  readonly name: string;
  readonly methods: Methods;
  readonly events: Events;
  readonly faults: Faults;
}

/** Declares a module's only door: what can be called, what it announces, how it fails. */
export function defineContract<
  const Methods extends MethodDefinitions,
  const Events extends EventDefinitions,
  const Faults extends FaultDefinitions,
>(
  name: string,
  parts: { methods: Methods; events: Events; faults: Faults },
): Contract<Methods, Events, Faults> {
  return { name, ...parts };
}

/** What travels with each call, in the process and between processes. */
export interface Call {
  readonly principal: Principal | null;
  /** 32 hex digits, W3C trace context. */
  readonly traceId: string;
  /** Aborted when the caller leaves or the time is up. */
  readonly signal: AbortSignal;
  /** The client's network address, for limits and the audit log. */
  readonly address: string;
  readonly language: Language;
}

export type MethodName<C extends Contract> = keyof C['methods'] & string;
export type EventName<C extends Contract> = keyof C['events'] & string;
type Method<C extends Contract, K extends MethodName<C>> = C['methods'][K];

/** What a caller passes. */
export type ParamsOf<C extends Contract, K extends MethodName<C>> = z.input<Method<C, K>['params']>;
/** What a handler receives: parsed, defaults filled. */
export type ParsedParamsOf<C extends Contract, K extends MethodName<C>> = z.output<Method<C, K>['params']>;
/** What a caller receives. */
export type ResultOf<C extends Contract, K extends MethodName<C>> = z.output<Method<C, K>['result']>;
/** What a handler returns. */
export type RawResultOf<C extends Contract, K extends MethodName<C>> = z.input<Method<C, K>['result']>;
export type ChunkOf<C extends Contract, K extends MethodName<C>> = Method<C, K>['chunk'] extends z.ZodType
  ? z.output<Method<C, K>['chunk']>
  : never;
export type PayloadOf<C extends Contract, K extends EventName<C>> = z.input<C['events'][K]['payload']>;

export type StreamMethodName<C extends Contract> = {
  [K in MethodName<C>]: Method<C, K> extends { readonly chunk: z.ZodType } ? K : never;
}[MethodName<C>];
export type UnaryMethodName<C extends Contract> = Exclude<MethodName<C>, StreamMethodName<C>>;

/** Calls another module through its contract; the same whether it runs in this process or elsewhere. */
export interface Client<C extends Contract> {
  call<K extends UnaryMethodName<C>>(method: K, params: ParamsOf<C, K>, call: Call): Promise<ResultOf<C, K>>;
  /** Ends early when the consumer stops iterating or `call.signal` aborts. */
  stream<K extends StreamMethodName<C>>(
    method: K,
    params: ParamsOf<C, K>,
    call: Call,
  ): AsyncGenerator<ChunkOf<C, K>, ResultOf<C, K>, undefined>;
}
