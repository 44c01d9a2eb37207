import { targetDependencies } from '../../testing/release.ts';
import { readLocalRelease } from '../release.ts';
import { createLocalTarget } from './local.ts';

/** A deploy in a process of its own, for tests that kill it: `<root> <release folder>`. Says when it is half-way. */
const [, , root = '', dir = ''] = process.argv;
const deps = targetDependencies(root, {
  log: {
    info: () => undefined,
    warn: () => undefined,
    advance: (done, total) => {
      if (done === Math.floor(total / 2)) process.send?.('half-way');
    },
  },
});
const target = createLocalTarget(
  { kind: 'local', name: undefined, environments: ['prod'], path: 'www' },
  deps,
);
await target.deploy(await readLocalRelease(dir));
