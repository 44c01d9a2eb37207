import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { type Composition, compose, orderModules } from './compose.ts';
import { loadConfig, unknownVariables } from './config/load.ts';
import { platformSections } from './config/platform.ts';
import { connectDatabase } from './database/connect.ts';
import type { Database } from './database/database.ts';
import { migrate } from './database/migrate.ts';
import { createEventBus } from './events/bus.ts';
import { createPostgresTransport } from './events/postgres-transport.ts';
import { createLocalTransport, type EventTransport } from './events/transport.ts';
import type { TakeRate } from './http/rest.ts';
import { createTakeRate, type RedisPlace } from './http/take-rate.ts';
import {
  type Installation,
  type InstallationOptions,
  openInstallation,
  type PlatformConfig,
} from './installation.ts';
import type { AnyModule, Events } from './module.ts';
import { announcePeer, createPeerDirectory } from './rpc/peers.ts';
import { createRemoteTransport } from './rpc/remote-client.ts';
import { createReplayGuard, type ReplayGuard } from './rpc/replay-guard.ts';
import { createSecrets, type SecretSource } from './secrets.ts';
import { createEdgeMetrics, createMetrics, type EdgeMetrics } from './telemetry/metrics.ts';

export interface PlatformOptions extends InstallationOptions {
  readonly modules: readonly AnyModule[];
  /** Every module there is: the section names that the configuration may have. */
  readonly knownModules: readonly AnyModule[];
  /** Opened by the caller, who closes it, with the same options; absent: opened and closed here. */
  readonly installation?: Installation;
  readonly now?: () => number;
}

/** A process with its modules running; its HTTP faces are put on by `listen`. */
export interface Platform extends AsyncDisposable {
  readonly config: PlatformConfig;
  /** Drawn at each start; other processes tell it from others, and from what ran at its address before, by this. */
  readonly instanceId: string;
  /** Which calls of other processes were taken, at whatever address. */
  readonly replayGuard: ReplayGuard;
  readonly composition: Composition;
  readonly modules: readonly AnyModule[];
  readonly database: Database;
  readonly events: Events;
  readonly log: Logger;
  readonly metrics: Registry;
  readonly edgeMetrics: EdgeMetrics;
  readonly secret: SecretSource;
  readonly now: () => number;
  /** One limit for all HTTP faces of the process. */
  readonly takeRate: TakeRate;
  /** Tells the other processes where this one is. */
  announce(url: string): Promise<void>;
  readonly stack: AsyncDisposableStack;
}

/**
 * Starts one process of the platform: configuration, data folder, log, database, migrations, modules.
 * Everything that has started is stopped again when a later step fails.
 * @throws config.invalid, database.* and the modules' own faults
 */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  await using startup = new AsyncDisposableStack();
  const installation = options.installation ?? startup.use(await openInstallation(options));
  const { config, dataDir, log } = installation;
  const moduleSections = Object.fromEntries(
    options.knownModules.map((module) => [module.name, module.config]),
  );
  const moduleConfig = loadConfig(moduleSections, options.environment, installation.file);
  for (const name of unknownVariables({ ...platformSections, ...moduleSections }, options.environment)) {
    log.warn({ name }, 'this variable belongs to no setting');
  }

  const connectionString = await installation.connectionString;
  const database = startup.use(
    await connectDatabase({ connectionString, maxConnections: config.platform.databaseConnections, log }),
  );
  const ordered = orderModules(options.modules);
  const applied = await migrate(database, orderModules(options.knownModules));
  if (applied.length > 0) log.info({ applied }, 'migrations applied');

  const now = options.now ?? Date.now;
  const instanceId = randomUUID();
  const secret = createSecrets({ secretKey: config.platform.secretKey, dataDir });
  const metrics = createMetrics();
  const redis =
    config.platform.redisUrl === undefined
      ? undefined
      : { url: config.platform.redisUrl, prefix: `cds:${secret('redis-prefix').toString('hex', 0, 8)}:` };
  const transport = await transportFor(options, { database, log, redis });
  const takeRate = startup.use(await createTakeRate(config.rate, { now, log, redis }));
  const bus = startup.use(createEventBus({ database, transport, now, log, processId: instanceId }));
  await bus.ready;
  const peers = createPeerDirectory({ database, instanceId, now });
  const remote = startup.use(createRemoteTransport({ peers, key: secret('internal-rpc'), instanceId, now }));
  const composition = startup.use(
    await compose({
      modules: ordered,
      config: moduleConfig as Record<string, unknown>,
      database,
      bus,
      remote,
      log,
      metrics,
      dataDir,
      secret,
      now,
    }),
  );
  const stack = startup.move();
  return {
    config,
    instanceId,
    replayGuard: createReplayGuard(),
    composition,
    modules: ordered,
    database,
    events: bus.events,
    log,
    metrics,
    edgeMetrics: createEdgeMetrics(metrics),
    secret,
    now,
    takeRate: takeRate.take,
    stack,
    async announce(url) {
      const modules = ordered.map((module) => module.name);
      stack.use(await announcePeer(database, { instanceId, service: options.service, modules, url }));
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

interface TransportParts {
  readonly database: Database;
  readonly log: Logger;
  readonly redis: RedisPlace | undefined;
}

async function transportFor(options: PlatformOptions, parts: TransportParts): Promise<EventTransport> {
  const { database, log, redis } = parts;
  const own = options.alone ? createLocalTransport() : createPostgresTransport({ database, log });
  if (redis === undefined) return own;
  const { createRedisTransport } = await import('./events/redis-transport.ts');
  return createRedisTransport({ url: redis.url, channel: `${redis.prefix}events`, log, fallback: own });
}
