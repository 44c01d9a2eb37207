import { existsSync } from 'node:fs';
import path from 'node:path';
import { runAll } from '@cyberdevstudio/server/processes/run-all.ts';
import { say, type Terminal } from '../terminal.ts';
import { untilStopped } from '../until-stopped.ts';

/** `cds start`: the whole platform in this process, until Ctrl-C. */
export async function run(_argv: readonly string[], terminal: Terminal): Promise<number> {
  await using running = await runAll(terminal.environment, process.cwd());
  const url = running.urls.get('studio') ?? '';
  const passwordFile = path.join(
    path.resolve(running.platform.config.platform.dataDir),
    'first-admin-password.txt',
  );
  const first = existsSync(passwordFile);
  say(terminal, {
    en: `\nCyberDevStudio runs: ${url}${first ? ` · sign in as admin · first password: ${passwordFile}` : ''} · Ctrl-C stops it`,
    de: `\nCyberDevStudio läuft: ${url}${first ? ` · Anmeldung als admin · erstes Passwort: ${passwordFile}` : ''} · Strg-C beendet`,
  });
  await untilStopped();
  say(terminal, { en: 'Stopping …', de: 'Wird beendet …' });
  return 0;
}
