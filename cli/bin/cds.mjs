#!/usr/bin/env node
// Starts the command line under the project's own Node, whatever Node called it.
import { spawn } from 'node:child_process';
import { realpathSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const folder = path.dirname(realpathSync(fileURLToPath(import.meta.url)));
const toolchain = pathToFileURL(path.join(folder, '..', '..', 'scripts', 'lib', 'toolchain.mjs')).href;
const { ensureNode, environmentFor } = await import(toolchain);
const { node } = ensureNode();
const main = path.join(folder, '..', 'src', 'main.ts');
const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: 'inherit', env: environmentFor(node) });
// Ctrl-C reaches the child by itself; an order to end that is meant for this process is passed on.
process.on('SIGINT', () => undefined);
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.once('error', () => process.exit(1));
child.once('exit', (code) => process.exit(code ?? 1));
