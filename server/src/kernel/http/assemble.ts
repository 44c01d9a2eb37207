import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Contract } from '#base/contract.ts';
import type { Composition } from '../compose.ts';
import type { AnyModule, HttpKit } from '../module.ts';
import { createFaultCatalogue } from '../rpc/fault-catalogue.ts';
import { mountInternalRoute } from '../rpc/internal-route.ts';
import type { ReplayGuard } from '../rpc/replay-guard.ts';
import type { SecretSource } from '../secrets.ts';
import type { EdgeMetrics } from '../telemetry/metrics.ts';
import { addDirectRoutes } from './direct.ts';
import { mountOperations } from './operations.ts';
import { createOriginPolicy } from './origin.ts';
import { mountRest, type TakeRate } from './rest.ts';
import { createHttpServer } from './server.ts';
import { hasStudio, mountStudio, sendStudioPage } from './static-ui.ts';

export interface HttpFaceOptions {
  readonly service: string;
  readonly version: string;
  readonly composition: Composition;
  /** The modules whose REST paths and routes this face offers. */
  readonly modules: readonly AnyModule[];
  readonly config: {
    readonly publicUrl?: string | undefined;
    readonly allowedHosts: readonly string[];
    readonly allowedOrigins: readonly string[];
    readonly trustProxy: boolean;
    readonly bodyLimitBytes: number;
  };
  /** This process, as the others know it. */
  readonly instanceId: string;
  readonly replayGuard: ReplayGuard;
  readonly secret: SecretSource;
  readonly now: () => number;
  readonly log: Logger;
  readonly metrics: Registry;
  readonly edgeMetrics: EdgeMetrics;
  readonly takeRate: TakeRate;
  /** Folder of the built studio, where this face serves it. */
  readonly studioFolder?: string;
}

/** Every contract that a set of modules defines or needs, each once. */
export function contractsOf(modules: readonly AnyModule[]): Contract[] {
  const byName = new Map<string, Contract>();
  for (const module of modules) {
    for (const contract of Object.values(module.needs)) byName.set(contract.name, contract);
  }
  for (const module of modules) byName.set(module.name, module.contract);
  return [...byName.values()];
}

/** Builds the HTTP face of one service: REST, the modules' own routes, calls from other processes, operations. */
export async function assembleHttp(options: HttpFaceOptions): Promise<FastifyInstance> {
  const { composition, modules, config, log } = options;
  const secure = config.publicUrl?.startsWith('https:') === true;
  const origins = createOriginPolicy({ ...config, publicUrl: config.publicUrl });
  const catalogue = createFaultCatalogue(contractsOf(modules));
  const studio =
    options.studioFolder !== undefined && hasStudio(options.studioFolder) ? options.studioFolder : undefined;
  const app = createHttpServer({
    catalogue,
    origins,
    log,
    secure,
    bodyLimitBytes: config.bodyLimitBytes,
    trustProxy: config.trustProxy,
    ...(studio === undefined ? {} : { fallback: sendStudioPage }),
  });
  const kit: HttpKit = {
    catalogue,
    origins,
    secure,
    edgeMetrics: options.edgeMetrics,
    direct: addDirectRoutes(app, { origins, ...config }),
    takeRate: options.takeRate,
    identity: composition.identity,
    csrfKey: options.secret('csrf'),
  };
  mountOperations(app, { ...kit, ...options, health: () => composition.health() });
  mountInternalRoute(app, {
    methods: composition.methods,
    key: options.secret('internal-rpc'),
    instanceId: options.instanceId,
    replayGuard: options.replayGuard,
    now: options.now,
    log,
    bodyLimitBytes: config.bodyLimitBytes,
  });
  for (const contract of offeredContracts(modules)) mountRest(app, composition.bound(contract), kit);
  for (const module of modules) await composition.runtimes.get(module.name)?.routes?.(app, kit);
  if (studio !== undefined) await mountStudio(app, studio);
  return app;
}

/** A module's own REST paths; of an edge module those of everything that it needs as well. */
function offeredContracts(modules: readonly AnyModule[]): Contract[] {
  const own = new Map(modules.map((module) => [module.name, module.contract] as const));
  for (const module of modules) {
    if (module.edge !== true) continue;
    for (const contract of Object.values(module.needs)) own.set(contract.name, contract);
  }
  return [...own.values()];
}
