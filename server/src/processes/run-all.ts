import type { Environment } from '#kernel/config/load.ts';
import { openInstallation } from '#kernel/installation.ts';
import { finish, type RunningProcess, studioFolder } from './running-process.ts';

/** The one-process form: every module behind one address. */
export async function runAll(environment: Environment, configFolder?: string): Promise<RunningProcess> {
  await using startup = new AsyncDisposableStack();
  const options = {
    service: 'all',
    environment,
    alone: true,
    ...(configFolder === undefined ? {} : { configFolder }),
  };
  const installation = startup.use(await openInstallation(options));
  // Loaded while the embedded database starts: this file imports next to nothing by itself.
  const [{ allModules }, { startPlatform }, { listen }] = await Promise.all([
    import('./services.ts'),
    import('#kernel/platform.ts'),
    import('#kernel/listen.ts'),
  ]);
  const platform = startup.use(
    await startPlatform({ ...options, installation, modules: allModules, knownModules: allModules }),
  );
  const url = await listen(platform, {
    service: 'all',
    modules: allModules.map((module) => module.name),
    port: platform.config.http.port,
    studioFolder,
  });
  // Command-line tools find the running server, and its database, by this entry.
  await platform.announce(url);
  return finish(startup, platform, new Map([['studio', url]]));
}
