import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { FlowFault } from './fault.ts';

/**
 * Every file of a release folder, relative with `/`, in code-unit order.
 * @throws flow.symbolic_link: a link could lead anywhere, and a release holds only its own bytes.
 */
export async function listReleaseFiles(releaseDir: string): Promise<string[]> {
  const files: string[] = [];
  const folders = [''];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of await readdir(path.join(releaseDir, folder), { withFileTypes: true })) {
      const name = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) folders.push(name);
      else if (entry.isFile()) files.push(name);
      else throw linkFault(name);
    }
  }
  return files.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
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
