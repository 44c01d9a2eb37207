// Runs a development tool of node_modules under the project's own Node: `node scripts/run.mjs biome check .`
import { spawnSync } from 'node:child_process';
import { ensureDependencies, ensureNode, environmentFor, root } from './lib/toolchain.mjs';
import { toolCommand } from './lib/tools.mjs';

const toolchain = ensureNode();
ensureDependencies(toolchain);
const [tool = '', ...rest] = process.argv.slice(2);
const result = spawnSync(toolchain.node, [toolCommand(tool), ...rest], {
  cwd: root,
  stdio: 'inherit',
  env: environmentFor(toolchain.node),
});
process.exit(result.status ?? 1);
