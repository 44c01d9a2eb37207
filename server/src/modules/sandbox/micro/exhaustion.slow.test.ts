import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFault } from '#base/fault.ts';
import { eventually } from '#kernel/testing/eventually.ts';
import { sandboxContract } from '../contract.ts';
import { qemuBelow } from './testing/machine-kit.ts';
import { type MicroWorld, microSkip, microWorld } from './testing/micro-world.ts';

const skip = microSkip();

/** Another person with a project of their own. */
async function somebody(m: MicroWorld) {
  const { principal } = m.world.call();
  assert.ok(principal !== null);
  const call = () => m.world.call({ userId: principal.userId });
  const projectId = await m.newProject(call());
  return { call, start: () => m.start({ projectId }, call()) };
}

const isFull = (error: unknown) => isFault(error, 'sandbox.vm_limit');

test('more starts at once than machines wait in the pool are all answered, each by a machine of its own', {
  skip,
}, async () => {
  await using m = await microWorld({ CDS_SANDBOX_MICRO_POOL: '1' });
  await m.start({ script: 'pass' });
  await eventually(async () => assert.equal((await m.list()).pooled, 1), 120_000);
  const script = 'import os; open("mine", "x").write("1"); print(os.urandom(8).hex())';
  const started = await Promise.all([0, 1, 2].map(() => m.start({ script })));
  assert.equal(new Set(started.map((vm) => vm.script?.stdout)).size, 3);
  assert.ok(started.every((vm) => vm.script?.exitCode === 0));
  assert.equal((await m.list()).vms.length, 4);
});

test('when the server is full a start is refused by name, and room is made by machines that nobody uses', {
  skip,
}, async () => {
  await using m = await microWorld({ CDS_SANDBOX_MICRO_MACHINES: '2' });
  const [first, second] = [await somebody(m), await somebody(m)];
  const kept = await first.start();
  // A burst can't pass the limit either: one place is left.
  const burst = await Promise.allSettled([second.start(), second.start(), second.start()]);
  const refused = burst.filter(({ status }) => status === 'rejected');
  assert.equal(refused.length, 2);
  assert.ok(refused.every((each) => each.status === 'rejected' && isFull(each.reason)));
  assert.equal((await qemuBelow(process.pid)).length, 2);
  await assert.rejects(m.start(), (error) => isFull(error) && isFault(error) && error.data.limit === 2);
  // After a minute the one that was not used longest makes room, and only that one.
  m.world.clock.advance(61_000);
  const client = m.world.client(sandboxContract);
  await client.call('micro.execute', { vmId: kept.vmId, code: 'pass', timeoutMs: 120_000 }, first.call());
  await m.start();
  assert.equal((await qemuBelow(process.pid)).length, 2);
  const alive = await client.call(
    'micro.execute',
    { vmId: kept.vmId, code: 'print("alive")', timeoutMs: 120_000 },
    first.call(),
  );
  assert.equal(alive.stdout, 'alive\n');
});

test('machines together promise no more memory than there is for programs', { skip }, async () => {
  // Room for one of 256 MiB with what QEMU itself takes, not for two.
  await using m = await microWorld({
    CDS_SANDBOX_TOTAL_MEMORY_BYTES: String(700 * 1024 * 1024),
    CDS_SANDBOX_MICRO_MAX_MEMORY_MB: '512',
  });
  await m.start();
  await assert.rejects(m.start(), isFull);
  await assert.rejects(m.start({ memoryMb: 1024 }), (error) => isFault(error, 'sandbox.limit_too_high'));
});
