// `npm run bench -- [name …]`: runs bench/<name>/main.ts, all of them without a name, one after the other.
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { runSteps } from './lib/steps.mjs';
import { ensureDependencies, ensureNode, environmentFor, root } from './lib/toolchain.mjs';

const toolchain = ensureNode();
ensureDependencies(toolchain);
const folder = path.join(root, 'bench');
const all = readdirSync(folder).filter((name) => existsSync(path.join(folder, name, 'main.ts')));
const wanted = process.argv.slice(2);
const names = wanted.length === 0 ? all : all.filter((name) => wanted.includes(name));
const steps = names.map((name) => ({ name, command: [toolchain.node, path.join(folder, name, 'main.ts')] }));
const failed = await runSteps(steps, { env: environmentFor(toolchain.node) });
process.exit(failed.length === 0 && names.length > 0 ? 0 : 1);
