import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

/**
 * The folder of the platform's TypeScript (a native program since version 7), which sandboxes get read-only under
 * /opt/typescript; null when it is not installed, as in an installation without development parts.
 */
export function typescriptFolder(): string | null {
  try {
    const outer = createRequire(import.meta.url).resolve('typescript/package.json');
    const native = `@typescript/typescript-${process.platform}-${process.arch}/package.json`;
    const folder = path.dirname(createRequire(outer).resolve(native));
    return existsSync(path.join(folder, 'lib', 'tsc')) ? folder : null;
  } catch {
    return null;
  }
}
