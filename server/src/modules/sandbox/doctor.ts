import { existsSync } from 'node:fs';
import path from 'node:path';
import { type Environment, loadConfig } from '#kernel/config/load.ts';
import { platformSections } from '#kernel/config/platform.ts';
import { examineServer, isSound, type ServerCheck } from './checks.ts';
import { sandboxConfig } from './config.ts';
import { probeBubblewrap } from './engine/probe.ts';
import { probeLimitDriver } from './limits/probe.ts';

/** What was found, and whether the platform can start here and run programs. */
export interface Diagnosis {
  readonly sound: boolean;
  readonly checks: readonly ServerCheck[];
}

/**
 * Examines this machine for the installation that the environment names, whether the platform runs or not. Changes
 * nothing that stays: what it makes to try is removed again.
 * @throws config.invalid
 */
export async function diagnose(environment: Environment): Promise<Diagnosis> {
  const { platform, http, sandbox } = loadConfig(
    { ...platformSections, sandbox: sandboxConfig },
    environment,
  );
  const folder = path.join(path.resolve(platform.dataDir), 'sandbox');
  const [bubblewrap, { driver, refusals }] = await Promise.all([
    probeBubblewrap({ binary: sandbox.bubblewrap }),
    probeLimitDriver({
      // A name of its own, so that a running platform's groups are not touched.
      dataDir: `${folder}#doctor`,
      totalMemoryBytes: sandbox.totalMemoryBytes,
      wanted: sandbox.limitDriver,
      delegatedGroup: sandbox.cgroup,
    }),
  ]);
  await driver.dispose();
  const checks = await examineServer({
    bubblewrap,
    driver: driver.name,
    driverRefusals: refusals,
    dataDir: existingFolder(folder),
    qemu: sandbox.qemu,
    databaseServer: platform.databaseUrl !== undefined,
    ports: [http.port],
  });
  return { sound: isSound(checks), checks };
}

/** The folder, or the nearest one above that exists already: they will share a file system. */
function existingFolder(folder: string): string {
  return existsSync(folder) ? folder : existingFolder(path.dirname(folder));
}
