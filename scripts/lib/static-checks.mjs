// What can be judged without running the product: format, lint, types, floors, unused code.
import path from 'node:path';
import { root } from './toolchain.mjs';
import { toolCommand } from './tools.mjs';

const typed = ['server', 'studio', 'cli', 'flow', 'e2e', 'bench', 'scripts'];

/** The steps of the static half of the gate. */
export function staticChecks(node) {
  const tool = (name, ...rest) => [node, toolCommand(name), ...rest];
  return [
    { name: 'format and lint (Biome)', command: tool('biome', 'check', '--error-on-warnings', '.') },
    ...typed.map((workspace) => ({
      name: `types of ${workspace} (tsc)`,
      command: tool('tsc', '-p', workspace),
    })),
    {
      name: 'typed rules (oxlint)',
      command: tool(
        'oxlint',
        '--type-aware',
        '--deny-warnings',
        'server/src',
        'cli/src',
        'flow/src',
        'studio/src',
      ),
    },
    { name: 'floors (boundaries)', command: [node, path.join(root, 'scripts', 'boundaries.ts')] },
    { name: 'unused code (knip)', command: tool('knip') },
  ];
}
