import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Contract } from '#base/contract.ts';
import type { Database } from './database/database.ts';
import type { EventBus } from './events/bus.ts';
import type { AnyModule, HealthReport, ModuleContext, ModuleRuntime, Needs } from './module.ts';
import { systemCall } from './rpc/call-context.ts';
import { type ClientFactory, createClientFactory } from './rpc/clients.ts';
import { createIdentity, type Identity } from './rpc/identity.ts';
import { identityContract } from './rpc/identity-contract.ts';
import { type BoundMethod, bindMethod } from './rpc/method.ts';
import type { RemoteTransport } from './rpc/remote-client.ts';
import type { SecretSource } from './secrets.ts';
import { newTraceId } from './telemetry/trace.ts';

export interface ComposeOptions {
  readonly modules: readonly AnyModule[];
  /** Parsed configuration by module name. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly database: Database;
  readonly bus: EventBus;
  readonly remote: RemoteTransport;
  readonly log: Logger;
  readonly metrics: Registry;
  readonly dataDir: string;
  readonly secret: SecretSource;
  readonly now: () => number;
}

/** A running set of modules. Disposing it stops them in reverse order. */
export interface Composition extends AsyncDisposable, ClientFactory {
  readonly methods: ReadonlyMap<string, BoundMethod>;
  readonly contracts: readonly Contract[];
  readonly runtimes: ReadonlyMap<string, ModuleRuntime<Contract>>;
  readonly identity: Identity;
  health(): Promise<Record<string, HealthReport>>;
}

/**
 * Puts modules in the order of their needs: what is needed stands before what needs it. Needs that are not in
 * the list are reached in other processes.
 */
export function orderModules(modules: readonly AnyModule[]): AnyModule[] {
  const byName = new Map(modules.map((module) => [module.name, module]));
  const ordered: AnyModule[] = [];
  const state = new Map<string, 'visiting' | 'done'>();
  function visit(module: AnyModule, trail: readonly string[]): void {
    if (state.get(module.name) === 'done') return;
    if (state.get(module.name) === 'visiting') {
      throw new Error(`modules need each other in a circle: ${[...trail, module.name].join(' → ')}`);
    }
    state.set(module.name, 'visiting');
    for (const contract of Object.values(module.needs)) {
      const needed = byName.get(contract.name);
      if (needed !== undefined) visit(needed, [...trail, module.name]);
    }
    state.set(module.name, 'done');
    ordered.push(module);
  }
  for (const module of modules) visit(module, []);
  return ordered;
}

/** Builds one process out of any set of modules. The database must have been migrated. */
export async function compose(options: ComposeOptions): Promise<Composition> {
  await using startup = new AsyncDisposableStack();
  const stopping = new AbortController();
  const methods = new Map<string, BoundMethod>();
  const runtimes = new Map<string, ModuleRuntime<Contract>>();
  const ordered = orderModules(options.modules);
  const clients = createClientFactory({
    localModules: new Set(ordered.map((module) => module.name)),
    methods,
    remote: options.remote,
  });
  const auth = clients.clientFor(identityContract);
  const identity = createIdentity({
    introspect: (token) =>
      auth.call('auth.introspect', { token }, systemCall({ traceId: newTraceId(), signal: stopping.signal })),
    now: options.now,
  });
  const revocations = options.bus.events.subscribe('auth.revoked', (event) => {
    identity.forget(event.payload as { userId?: string; credentialId?: string });
  });
  startup.use(revocations);

  for (const module of ordered) {
    const context = contextOf(module, {
      options,
      clients,
      identity,
      stopping: stopping.signal,
      stack: startup,
    });
    const runtime: ModuleRuntime<Contract> = await module.start(context);
    runtimes.set(module.name, runtime);
    bindAll(module, runtime, methods);
  }
  for (const runtime of runtimes.values()) await runtime.recover?.();

  const stack = startup.move();
  return {
    ...clients,
    methods,
    runtimes,
    identity,
    contracts: ordered.map((module) => module.contract),
    async health() {
      const reports = [...runtimes].map(async ([name, runtime]) => [name, await reportOf(runtime)] as const);
      return Object.fromEntries(await Promise.all(reports));
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await stack.disposeAsync();
    },
  };
}

interface ContextParts {
  readonly options: ComposeOptions;
  readonly clients: ClientFactory;
  readonly identity: Identity;
  readonly stopping: AbortSignal;
  readonly stack: AsyncDisposableStack;
}

function contextOf(module: AnyModule, parts: ContextParts): ModuleContext<Contract, Needs, unknown> {
  const { options, clients, identity, stopping, stack } = parts;
  const needs = Object.entries(module.needs);
  return {
    config: options.config[module.name],
    database: options.database,
    clients: Object.fromEntries(needs.map(([key, contract]) => [key, clients.clientFor(contract)])),
    publish: options.bus.publisher(module.contract),
    events: options.bus.events,
    log: options.log.child({ module: module.name }),
    metrics: options.metrics,
    dataDir: options.dataDir,
    secret: options.secret,
    now: options.now,
    stopping,
    defer: (dispose) => stack.defer(dispose),
    identity,
    bound: (contract) => clients.bound(contract),
  };
}

function bindAll(
  module: AnyModule,
  runtime: ModuleRuntime<Contract>,
  methods: Map<string, BoundMethod>,
): void {
  for (const name of Object.keys(module.contract.methods)) {
    const handler = runtime.handlers[name];
    if (handler === undefined) throw new Error(`module ${module.name} has no handler for ${name}`);
    methods.set(name, bindMethod(module.contract, name, handler as Parameters<typeof bindMethod>[2]));
  }
}

async function reportOf(runtime: ModuleRuntime<Contract>): Promise<HealthReport> {
  try {
    return (await runtime.health?.()) ?? { ok: true };
  } catch (error) {
    return { ok: false, detail: error instanceof Error ? error.message : 'the check failed' };
  }
}
