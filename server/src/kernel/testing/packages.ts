import { cpSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const packages = fileURLToPath(new URL('../../../../node_modules/', import.meta.url));

/** Copies packages into a project, for programs in the sandbox: it shows them nothing but the project's files. */
export function installPackages(workspace: string, names: readonly string[]): void {
  for (const name of names) {
    cpSync(path.join(packages, name), path.join(workspace, 'node_modules', name), {
      recursive: true,
      filter: (file) => !/\.(map|cts|cjs|md)$|\.d\.m?ts$/.test(file),
    });
  }
}
