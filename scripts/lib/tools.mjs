// Where the development tools have their entry scripts.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './toolchain.mjs';

const packages = {
  biome: '@biomejs/biome',
  tsc: 'typescript',
  oxlint: 'oxlint',
  knip: 'knip',
  vitest: 'vitest',
  c8: 'c8',
};

/** The script file of a tool's command, as its package.json names it. */
export function toolCommand(tool) {
  const folder = path.join(root, 'node_modules', packages[tool] ?? tool);
  const { bin } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  return path.join(folder, typeof bin === 'string' ? bin : bin[tool]);
}
