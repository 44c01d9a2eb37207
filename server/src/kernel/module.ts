import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { z } from 'zod';
import type {
  Call,
  ChunkOf,
  Client,
  Contract,
  EventName,
  MethodName,
  ParsedParamsOf,
  PayloadOf,
  RawResultOf,
  StreamMethodName,
} from '#base/contract.ts';
import type { Principal } from '#base/principal.ts';
import type { Database, Transaction } from './database/database.ts';
import type { DirectRoutes } from './http/direct.ts';
import type { OriginPolicy } from './http/origin.ts';
import type { RestOptions } from './http/rest.ts';
import type { FaultCatalogue } from './rpc/fault-catalogue.ts';
import type { Identity } from './rpc/identity.ts';
import type { BoundMethod } from './rpc/method.ts';
import type { EdgeMetrics } from './telemetry/metrics.ts';

export type Needs = Readonly<Record<string, Contract>>;

/** What a handler receives: parsed params, and the caller. `user` is null only on public methods without sign-in. */
export interface HandlerInput<C extends Contract, K extends MethodName<C>> {
  readonly params: ParsedParamsOf<C, K>;
  readonly call: Call;
  readonly user: C['methods'][K]['access'] extends 'public' ? Principal | null : Principal;
}

export type Handler<C extends Contract, K extends MethodName<C>> = (
  input: HandlerInput<C, K>,
) => K extends StreamMethodName<C>
  ? AsyncGenerator<ChunkOf<C, K>, RawResultOf<C, K>, undefined>
  : Promise<RawResultOf<C, K>> | RawResultOf<C, K>;

export type Handlers<C extends Contract> = { readonly [K in MethodName<C>]: Handler<C, K> };

/** Announces an event of the module's own contract. Durable events belong into the transaction of their change. */
export type Publish<C extends Contract> = <K extends EventName<C>>(
  event: K,
  payload: PayloadOf<C, K>,
  options?: { readonly transaction?: Transaction; readonly traceId?: string; readonly actorId?: string },
) => Promise<void>;

/** An event as consumers see it. */
export interface EventEnvelope<Payload = unknown> {
  /** Unique and the same on redelivery; consumers use it as idempotency key. */
  readonly id: string;
  readonly name: string;
  readonly payload: Payload;
  readonly occurredAtMs: number;
  readonly traceId: string | null;
  readonly actorId: string | null;
}

export interface Events {
  /** Every event whose name matches (`project.*`, `*`), from every process; what arrives while away is missed. */
  subscribe(pattern: string, onEvent: (event: EventEnvelope) => void): Disposable;
  /**
   * Durable: each matching durable event reaches one process of the named consumer at least once, in order,
   * also those announced while it was away. A throwing handler is retried with growing delays.
   */
  consume(
    consumer: string,
    pattern: string,
    onEvent: (event: EventEnvelope, transaction: Transaction) => Promise<void>,
  ): Disposable;
}

export interface ModuleContext<C extends Contract, N extends Needs, Config> {
  readonly config: Config;
  readonly database: Database;
  readonly clients: { readonly [K in keyof N]: Client<N[K]> };
  readonly publish: Publish<C>;
  readonly events: Events;
  /** A child logger that names the module. */
  readonly log: Logger;
  readonly metrics: Registry;
  /** The process's data folder; a module keeps its files in a sub-folder of its own name. */
  readonly dataDir: string;
  /** Secret keys of the installation, by purpose: 32 bytes each, equal in every process. */
  readonly secret: (purpose: string) => Buffer;
  readonly now: () => number;
  /** Aborted when the process begins to stop. */
  readonly stopping: AbortSignal;
  /** Registers what must be stopped; run in reverse order. */
  readonly defer: (dispose: () => void | Promise<void>) => void;
  /** Resolves tokens to principals, for routes that handle their own upgrade. */
  readonly identity: Identity;
  /**
   * Every method of a needed contract, ready to call with a client's raw params, wherever it runs. For the
   * module that offers the platform to clients; call it when the module's routes are mounted, not earlier.
   */
  readonly bound: (contract: Contract) => readonly BoundMethod[];
}

export interface ModuleRuntime<C extends Contract> {
  readonly handlers: Handlers<C>;
  /** Routes that a contract cannot express (files, upgrades, streams). REST faces come from the contract's `http`. */
  readonly routes?: (app: FastifyInstance, http: HttpKit) => void | Promise<void>;
  /** Runs after every module of the process has started and before it is ready: recovery of interrupted work. */
  readonly recover?: () => Promise<void>;
  /** Ready and healthy, or the reason why not, for /health. */
  readonly health?: () => Promise<HealthReport> | HealthReport;
}

/** What routes of a module's own need to treat requests as the generated ones are treated. */
export interface HttpKit extends RestOptions {
  readonly catalogue: FaultCatalogue;
  readonly origins: OriginPolicy;
  readonly edgeMetrics: EdgeMetrics;
  readonly direct: DirectRoutes;
}

export interface HealthReport {
  readonly ok: boolean;
  readonly detail?: string;
}

export interface ModuleDefinition<
  C extends Contract = Contract,
  N extends Needs = Needs,
  ConfigSchema extends z.ZodObject = z.ZodObject,
> {
  readonly name: string;
  readonly contract: C;
  readonly needs: N;
  readonly config: ConfigSchema;
  /** Folder of `0001_name.sql` files: `new URL('./migrations/', import.meta.url)`. */
  readonly migrations?: URL;
  /** The platform's face to clients: REST paths of the contracts it needs are offered beside its own. */
  readonly edge?: boolean;
  readonly start: (
    context: ModuleContext<C, N, z.output<ConfigSchema>>,
  ) => ModuleRuntime<C> | Promise<ModuleRuntime<C>>;
}

/** A module in a list, its own types forgotten; `compose` restores them at the seams by parsing. */
export interface AnyModule {
  readonly name: string;
  readonly contract: Contract;
  readonly needs: Needs;
  readonly config: z.ZodObject;
  readonly migrations?: URL;
  readonly edge?: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: each module's own types meet here; inputs are parsed by its contract
  readonly start: (context: any) => ModuleRuntime<any> | Promise<ModuleRuntime<any>>;
}

/** Declares a module as data. Importing it starts nothing; `compose` does. */
export function defineModule<C extends Contract, N extends Needs, ConfigSchema extends z.ZodObject>(
  definition: ModuleDefinition<C, N, ConfigSchema>,
): ModuleDefinition<C, N, ConfigSchema> {
  return definition;
}
