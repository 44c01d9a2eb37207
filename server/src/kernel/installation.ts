import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Logger } from 'pino';
import { type Environment, loadConfig, readConfigFile } from './config/load.ts';
import { platformSections } from './config/platform.ts';
import { startEmbeddedPostgres } from './database/embedded.ts';
import { lockDataFolder } from './supervise/data-folder-lock.ts';
import { createLog } from './telemetry/log.ts';

export type PlatformConfig = ReturnType<typeof loadConfig<typeof platformSections>>;

export interface InstallationOptions {
  /** Names the process in logs and in the directory of peers. */
  readonly service: string;
  readonly environment: Environment;
  /** Folder in which cds.config.ts is looked for; absent: none is read. */
  readonly configFolder?: string;
  /** The one-process form: nobody else shares the installation, so the folder is locked and events stay inside. */
  readonly alone: boolean;
  readonly logOutput?: NodeJS.WritableStream;
}

/** What a process has before any module: its settings, data folder, log, and a database that may still be starting. */
export interface Installation {
  readonly config: PlatformConfig;
  /** What cds.config.ts says, section by section. */
  readonly file: Record<string, unknown>;
  readonly dataDir: string;
  readonly log: Logger;
  /** Settles when the database can be reached. */
  readonly connectionString: Promise<string>;
}

/**
 * Opens the installation, and returns while the embedded database still starts: it is the longest wait of a start,
 * and modules can be loaded meanwhile.
 * @throws config.invalid for the platform's own sections, the data folder's lock; database.* by `connectionString`
 */
export async function openInstallation(
  options: InstallationOptions,
): Promise<Installation & AsyncDisposable> {
  await using startup = new AsyncDisposableStack();
  const file = options.configFolder === undefined ? {} : await readConfigFile(options.configFolder);
  const config = loadConfig(platformSections, options.environment, file);
  const dataDir = path.resolve(config.platform.dataDir);
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  if (options.alone) startup.use(lockDataFolder(dataDir));
  const { log } = startup.use(
    createLog({
      service: options.service,
      level: config.log.level,
      format: config.log.format,
      maxFileBytes: config.log.maxFileBytes,
      maxFiles: config.log.maxFiles,
      ...(config.log.file ? { folder: path.join(dataDir, 'logs') } : {}),
      ...(options.alone ? { terminalLevel: 'warn' as const } : {}),
      ...(options.logOutput === undefined ? {} : { output: options.logOutput }),
    }),
  );
  const connectionString = databaseOf({ config, dataDir, log }, startup);
  const stack = startup.move();
  return {
    config,
    file,
    dataDir,
    log,
    connectionString,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

function databaseOf(
  { config, dataDir, log }: Pick<Installation, 'config' | 'dataDir' | 'log'>,
  stack: AsyncDisposableStack,
): Promise<string> {
  const { databaseUrl } = config.platform;
  if (databaseUrl !== undefined) return Promise.resolve(databaseUrl);
  const starting = startEmbeddedPostgres({ dataDir, log });
  stack.defer(async () => {
    const started = await starting.catch(() => undefined);
    await started?.[Symbol.asyncDispose]();
  });
  const connectionString = starting.then((server) => server.connectionString);
  // Whoever waits for it is told; a failure before anybody waits must not end the process.
  connectionString.catch(() => undefined);
  return connectionString;
}
