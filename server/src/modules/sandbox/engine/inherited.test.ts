import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

const module = fileURLToPath(new URL('./inherited.ts', import.meta.url));

/** Starts Node with two descriptors open, as a careless parent might, and has it start a child. Node itself closes low ones. */
function childSees(shielded: boolean): string {
  const code = `
    import { spawnSync } from 'node:child_process';
    import { inheritedDescriptors, shieldDescriptors } from ${JSON.stringify(module)};
    const shield = shieldDescriptors(inheritedDescriptors());
    const stdio = ['ignore', 'pipe', 'ignore', 'ignore', ...(${shielded} ? shield.stdio : [])];
    process.stdout.write(spawnSync('ls', ['-l', '/proc/self/fd'], { stdio }).stdout);`;
  const shell = 'exec 45< /etc/hostname 77>> /dev/full; exec "$0" --input-type=module -e "$1"';
  return spawnSync('bash', ['-c', shell, process.execPath, code], { encoding: 'utf8' }).stdout;
}

const noBash = spawnSync('bash', ['-c', 'true']).status !== 0 && 'only bash opens descriptors above 9';

test('descriptors that the server inherited do not reach its children', { skip: noBash }, () => {
  assert.match(childSees(false), / 45 -> \/etc\/hostname/);
  const shielded = childSees(true);
  assert.match(shielded, / 45 -> \/dev\/null/);
  assert.match(shielded, / 77 -> \/dev\/null/);
});
