import path from 'node:path';
import { verifyBackup } from '@cyberdevstudio/server/kernel/backup/archive.ts';
import { createBackup } from '@cyberdevstudio/server/kernel/backup/create.ts';
import { restoreBackup } from '@cyberdevstudio/server/kernel/backup/restore.ts';
import { orderModules } from '@cyberdevstudio/server/kernel/compose.ts';
import { lockDataFolder } from '@cyberdevstudio/server/kernel/supervise/data-folder-lock.ts';
import { platformVersion } from '@cyberdevstudio/server/kernel/version.ts';
import { allModules } from '@cyberdevstudio/server/processes/services.ts';
import { openInstallation, platformConfig } from '../installation.ts';
import { say, type Terminal } from '../terminal.ts';

const usage = {
  en: 'Usage: cds backup create [file] | verify <file> | restore <file> [--force]',
  de: 'Aufruf: cds backup create [Datei] | verify <Datei> | restore <Datei> [--force]',
};

/** `cds backup`: one file with the database and the data folder; checked before it is restored. */
export async function run(argv: readonly string[], terminal: Terminal): Promise<number> {
  const [verb, file] = argv;
  if (verb === 'create') return create(file, terminal);
  if (verb === 'verify' && file !== undefined) return verify(file, terminal);
  if (verb === 'restore' && file !== undefined)
    return restore(file, { force: argv.includes('--force'), terminal });
  say(terminal, usage);
  return 2;
}

async function create(file: string | undefined, terminal: Terminal): Promise<number> {
  await using installation = await openInstallation(terminal.environment);
  const { connectionString, dataDir } = installation;
  const stamp = new Date().toISOString().replace(/[:.]/g, '-');
  const target = path.resolve(file ?? path.join(dataDir, 'backups', `${stamp}.zip`));
  const { sizeBytes, entries, tooDeep } = await createBackup({
    connectionString,
    dataDir,
    target,
    platformVersion: platformVersion(),
    now: Date.now,
  });
  await verifyBackup(target);
  const size = (sizeBytes / 1024 / 1024).toFixed(1);
  say(terminal, {
    en: `Backup written and verified: ${target} (${entries} entries, ${size} MB). It holds the keys of this installation: keep it like a password.`,
    de: `Sicherung geschrieben und geprüft: ${target} (${entries} Einträge, ${size} MB). Sie enthält die Schlüssel dieser Installation: bewahren Sie sie wie ein Passwort auf.`,
  });
  if (tooDeep.length > 0)
    say(terminal, {
      en: `Not in it: what lies in ${tooDeep.length} folders that are nested a thousand times.`,
      de: `Nicht enthalten: was in ${tooDeep.length} tausendfach verschachtelten Ordnern liegt.`,
    });
  return 0;
}

async function verify(file: string, terminal: Terminal): Promise<number> {
  const manifest = await verifyBackup(file);
  const entries = Object.keys(manifest.entries).length;
  say(terminal, {
    en: `The backup of ${manifest.createdAt} is complete and unchanged: ${entries} entries.`,
    de: `Die Sicherung vom ${manifest.createdAt} ist vollständig und unverändert: ${entries} Einträge.`,
  });
  return 0;
}

async function restore(
  file: string,
  { force, terminal }: { force: boolean; terminal: Terminal },
): Promise<number> {
  // A server that runs on the target would write into what is being replaced.
  using _lock = lockDataFolder(platformConfig(terminal.environment).dataDir);
  await using installation = await openInstallation(terminal.environment, { locked: true });
  const manifest = await restoreBackup({ ...installation, file, modules: orderModules(allModules), force });
  say(terminal, {
    en: `Restored the state of ${manifest.createdAt}. Start the platform with npm start.`,
    de: `Der Stand vom ${manifest.createdAt} ist wiederhergestellt. Starten Sie die Plattform mit npm start.`,
  });
  return 0;
}
