import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import path from 'node:path';

// A program of its own (see host-code.ts): takes the types out of a host's files, and writes them into a new folder.
const [, , source = '', target = ''] = process.argv;

mkdirSync(target, { recursive: true, mode: 0o755 });
for (const name of readdirSync(source)) {
  if (!name.endsWith('.ts') || name.endsWith('.test.ts') || name.endsWith('.d.ts')) continue;
  const text = readFileSync(path.join(source, name), 'utf8');
  const code = stripTypeScriptTypes(text).replaceAll(/(['"]\.\/[\w-]+)\.ts(['"])/g, '$1.js$2');
  writeFileSync(path.join(target, name.replace(/\.ts$/, '.js')), code, { mode: 0o644 });
}
