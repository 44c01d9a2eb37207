import assert from 'node:assert/strict';
import test from 'node:test';
import { driverName } from './description.ts';
import { firstToBoot } from './first-to-boot.ts';
import type { Accelerator } from './machine/arguments.ts';

/** Machines of which only some ways run guests. */
function bootsBy(...working: Accelerator[]) {
  const tried: Accelerator[] = [];
  const failed: Accelerator[] = [];
  const outcome = firstToBoot(['kvm', 'tcg'], {
    async boot(accelerator) {
      tried.push(accelerator);
      if (!working.includes(accelerator)) throw new Error(`no guest by ${accelerator}`);
      return `guest by ${accelerator}`;
    },
    onFailure: (_error, accelerator) => failed.push(accelerator),
  });
  return { outcome, tried, failed };
}

test('where a guest boots by KVM it is taken, and emulation is not even tried', async () => {
  const { outcome, tried } = bootsBy('kvm', 'tcg');
  assert.deepEqual(await outcome, { accelerator: 'kvm', guest: 'guest by kvm' });
  assert.deepEqual(tried, ['kvm']);
});

test('where KVM opens and runs no guest emulation serves, says so, and the failure is told', async () => {
  const { outcome, failed } = bootsBy('tcg');
  const { accelerator } = await outcome;
  assert.deepEqual([accelerator, failed], ['tcg', ['kvm']]);
  const found = {
    kind: 'found',
    version: '1',
    accelerators: ['kvm', 'tcg'],
    confinement: { bubblewrap: 'b', qemu: 'q', setpriv: null },
  } as const;
  assert.equal(driverName(found, accelerator), 'qemu-tcg');
});

test('where nothing boots the last reason is told, and nothing is named', async () => {
  const { outcome, failed } = bootsBy();
  await assert.rejects(outcome, /no guest by tcg/);
  assert.deepEqual(failed, ['kvm', 'tcg']);
});
