import { fault } from '#base/fault.ts';
import type { Environment } from '#kernel/config/load.ts';
import { listen } from '#kernel/listen.ts';
import { startPlatform } from '#kernel/platform.ts';
import { finish, type RunningProcess, studioFolder } from './running-process.ts';
import { allModules, type Service, services } from './services.ts';

/**
 * The split form: the named services in this process, each on its own port.
 * @throws common.invalid_params for a service that does not exist, config.database_needed without DATABASE_URL
 */
export async function runServices(
  names: readonly string[],
  environment: Environment,
  configFolder?: string,
): Promise<RunningProcess> {
  const chosen = names.map(serviceNamed);
  if (!environment.DATABASE_URL) throw fault('config.database_needed');
  await using startup = new AsyncDisposableStack();
  const platform = startup.use(
    await startPlatform({
      service: names.join('-'),
      modules: [...new Set(chosen.flatMap((service) => service.modules))],
      knownModules: allModules,
      environment,
      alone: false,
      ...(configFolder === undefined ? {} : { configFolder }),
    }),
  );
  const urls = new Map<string, string>();
  for (const service of chosen) {
    const url = await listen(platform, {
      service: service.name,
      modules: service.modules.map((module) => module.name),
      port: portOf(service, environment),
      ...(service.servesStudio === true ? { studioFolder } : {}),
    });
    urls.set(service.name, url);
  }
  const reachable = [...urls.values()][0];
  if (reachable !== undefined) await platform.announce(environment.CDS_ADVERTISE_URL ?? reachable);
  return finish(startup, platform, urls);
}

function serviceNamed(name: string): Service {
  const service = services.find((candidate) => candidate.name === name);
  if (service !== undefined) return service;
  const known = services.map((candidate) => candidate.name).join(', ');
  throw fault('common.invalid_params', { field: 'service', reason: `${name} is none of ${known}` });
}

/** `CDS_GATEWAY_PORT` and the like; the port of the specification otherwise. */
function portOf(service: Service, environment: Environment): number {
  const name = `CDS_${service.name.toUpperCase()}_PORT`;
  const text = environment[name];
  if (text === undefined || text === '') return service.port;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw fault('config.invalid', { name, reason: 'it must be a port number' });
  }
  return port;
}
