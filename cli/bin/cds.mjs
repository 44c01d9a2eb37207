#!/usr/bin/env node
// Starts the command line under the project's own Node, whatever Node called it.
import { spawnSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const folder = path.dirname(realpathSync(fileURLToPath(import.meta.url)));
const toolchain = pathToFileURL(path.join(folder, '..', '..', 'scripts', 'lib', 'toolchain.mjs')).href;
const { ensureNode, environmentFor } = await import(toolchain);
const { node } = ensureNode();
const main = path.join(folder, '..', 'src', 'main.ts');
// Ctrl-C reaches the child by itself; this process only waits for how it ends.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => undefined);
const result = spawnSync(node, [main, ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: environmentFor(node),
});
process.exit(result.status ?? 1);
