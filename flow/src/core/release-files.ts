import { readdirSync } from 'node:fs';
import path from 'node:path';
import { FlowFault, throwAll } from './fault.ts';

/**
 * Every file of a release folder, relative with `/`, in code-unit order; `held` are files of it that are not on disk yet.
 * @throws flow.symbolic_link: a link could lead anywhere, and a release holds only its own bytes
 * @throws flow.file_name: a name that some system, server or checksum file can't hold
 */
export function listReleaseFiles(releaseDir: string, held: Iterable<string> = []): string[] {
  const files = new Set<string>();
  const faults: FlowFault[] = [];
  for (const file of held) {
    files.add(file);
    if (!file.split('/').every(isPortable)) faults.push(nameFault(file));
  }
  const folders = [''];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of readdirSync(path.join(releaseDir, folder), { withFileTypes: true })) {
      const name = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) folders.push(name);
      else if (entry.isFile()) files.add(name);
      else faults.push(linkFault(name));
      if (!isPortable(entry.name)) faults.push(nameFault(name));
    }
  }
  throwAll(faults);
  return [...files].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

/** No control characters or backslashes, and accents coded as one character (NFC), as addresses in pages are written. */
function isPortable(name: string): boolean {
  return !/[\p{Cc}\\]/u.test(name) && name === name.normalize('NFC');
}

function nameFault(file: string): FlowFault {
  const shown = JSON.stringify(file);
  return new FlowFault('flow.file_name', {
    file,
    text: {
      en: `${shown} has a control character, a backslash or a decomposed accent (NFD) in its name.`,
      de: `${shown} hat ein Steuerzeichen, einen umgekehrten Schrägstrich oder einen zerlegten Akzent (NFD) im Namen.`,
    },
    fix: { en: 'Rename the file.', de: 'Die Datei umbenennen.' },
  });
}

function linkFault(file: string): FlowFault {
  return new FlowFault('flow.symbolic_link', {
    file,
    text: {
      en: `${file} is a symbolic link or no ordinary file; a release holds only files.`,
      de: `${file} ist ein symbolischer Verweis oder keine gewöhnliche Datei; ein Release enthält nur Dateien.`,
    },
    fix: { en: 'Replace it by the file itself.', de: 'Durch die Datei selbst ersetzen.' },
  });
}
