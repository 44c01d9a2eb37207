import path from 'node:path';
import { isFault } from '@cyberdevstudio/server/base/fault.ts';
import { type Environment, loadConfig } from '@cyberdevstudio/server/kernel/config/load.ts';
import { platformSections } from '@cyberdevstudio/server/kernel/config/platform.ts';
import { embeddedAddress, startEmbeddedPostgres } from '@cyberdevstudio/server/kernel/database/embedded.ts';
import { lockDataFolder } from '@cyberdevstudio/server/kernel/supervise/data-folder-lock.ts';

/** The database and the folder that a command works on. */
export interface Installation extends AsyncDisposable {
  readonly connectionString: string;
  readonly dataDir: string;
}

/** Where the installation lies, by the same variables as the server's. */
export function platformConfig(environment: Environment): {
  dataDir: string;
  databaseUrl: string | undefined;
} {
  const { platform } = loadConfig(platformSections, environment);
  return { dataDir: path.resolve(platform.dataDir), databaseUrl: platform.databaseUrl };
}

/**
 * Reaches the installation's database: the server of DATABASE_URL, the embedded one of a running platform, or the
 * embedded one started for this command.
 */
export async function openInstallation(
  environment: Environment,
  options: { locked?: boolean } = {},
): Promise<Installation> {
  const { dataDir, databaseUrl } = platformConfig(environment);
  await using startup = new AsyncDisposableStack();
  let connectionString = databaseUrl;
  if (connectionString === undefined && options.locked !== true) {
    try {
      startup.use(lockDataFolder(dataDir));
    } catch (error) {
      if (!isFault(error, 'database.folder_in_use')) throw error;
      connectionString = embeddedAddress(dataDir);
    }
  }
  connectionString ??= startup.use(await startEmbeddedPostgres({ dataDir })).connectionString;
  const stack = startup.move();
  return { connectionString, dataDir, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}
