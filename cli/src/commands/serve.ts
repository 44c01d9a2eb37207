import { runServices } from '@cyberdevstudio/server/processes/run-services.ts';
import { services } from '@cyberdevstudio/server/processes/services.ts';
import { say, type Terminal } from '../terminal.ts';
import { untilStopped } from '../until-stopped.ts';

/** `cds serve <service>…`: the named services in this process, each on its own port, until a signal. */
export async function run(argv: readonly string[], terminal: Terminal): Promise<number> {
  if (argv.length === 0) {
    const names = services.map((service) => service.name).join(' | ');
    say(terminal, { en: `Which services? cds serve ${names}`, de: `Welche Dienste? cds serve ${names}` });
    return 2;
  }
  await using running = await runServices(argv, terminal.environment, process.cwd());
  for (const [name, url] of running.urls) terminal.print(`${name} ${url}`);
  await untilStopped();
  return 0;
}
