import { importAdvisoriesOffline } from '@cyberdevstudio/server/modules/agents/offline.ts';
import { platformConfig } from '../installation.ts';
import { say, type Terminal } from '../terminal.ts';

/** `cds agent advisories import <file or folder …>`: what the security agent knows about packages, in OSV's format. */
export async function run(argv: readonly string[], terminal: Terminal): Promise<number> {
  const [action, ...files] = argv;
  if (action !== 'import' || files.length === 0) {
    say(terminal, {
      en: 'Usage: cds agent advisories import <file or folder …>\nOSV documents as .json, .jsonl or .zip, such as https://osv-vulnerabilities.storage.googleapis.com/npm/all.zip',
      de: 'Aufruf: cds agent advisories import <Datei oder Ordner …>\nOSV-Dokumente als .json, .jsonl oder .zip, etwa https://osv-vulnerabilities.storage.googleapis.com/npm/all.zip',
    });
    return 2;
  }
  const { dataDir } = platformConfig(terminal.environment);
  const { imported, skipped } = await importAdvisoriesOffline(dataDir, files);
  say(terminal, {
    en: `${imported} advisories are known now; ${skipped} documents were none.`,
    de: `${imported} Sicherheitshinweise sind jetzt bekannt; ${skipped} Dokumente waren keine.`,
  });
  return imported > 0 ? 0 : 1;
}
