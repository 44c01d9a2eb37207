import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { isFault } from '#base/fault.ts';
import { sandboxContract } from '../contract.ts';
import { findProgram } from '../engine/probe.ts';
import { type SandboxWorld, sandboxWorld } from '../testing/world.ts';
import { snapshotFormat } from './snapshots.ts';

const skip = ['qemu-system-x86_64', 'bwrap'].every((name) => findProgram(name) !== null)
  ? false
  : 'needs QEMU and bubblewrap';
let s: SandboxWorld;
before(async () => {
  s = await sandboxWorld({ CDS_SANDBOX_MICRO_POOL: '0' });
});
after(() => s[Symbol.asyncDispose]());

const client = () => s.world.client(sandboxContract);

/** A snapshot as an earlier version of the platform, or another QEMU, left it. */
async function leave(change: { readonly format?: number; readonly qemuVersion?: string }): Promise<string> {
  const { driver } = await client().call('micro.list', { projectId: s.projectId }, s.call());
  const snapshotId = randomUUID();
  const record = {
    ...{ format: snapshotFormat, snapshotId, projectId: s.projectId, userId: s.call().principal?.userId },
    ...{ name: 'old', image: 'python', language: 'python', memoryMb: 256, cpus: 1, accelerator: 'tcg' },
    ...{ kilohertz: 1, qemuVersion: driver.version, sizeBytes: 1, createdAt: new Date(0).toISOString() },
    ...change,
  };
  const folder = path.join(s.world.dataDir, 'sandbox', 'snapshots', snapshotId);
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'snapshot.json'), JSON.stringify(record));
  await writeFile(path.join(folder, 'state.zst'), 'never read');
  return snapshotId;
}

const restore = (snapshotId: string) => client().call('micro.restore', { snapshotId }, s.call());

test('a snapshot of the agent’s first protocol is refused with the reason, is still listed, and can be deleted', {
  skip,
}, async () => {
  const snapshotId = await leave({ format: 1 });
  await assert.rejects(restore(snapshotId), (error) => {
    assert.ok(isFault(error, 'sandbox.snapshot_stale'));
    assert.equal(error.data.reason, `agent 1 ≠ ${snapshotFormat}`);
    return true;
  });
  const { snapshots, vms } = await client().call('micro.list', { projectId: s.projectId }, s.call());
  assert.deepEqual(
    snapshots.map((snapshot) => snapshot.snapshotId),
    [snapshotId],
  );
  assert.deepEqual(vms, [], 'no machine was begun');
  await client().call('micro.snapshot.delete', { snapshotId }, s.call());
  assert.deepEqual(await readdir(path.join(s.world.dataDir, 'sandbox', 'snapshots')), []);
});

test('a snapshot of another QEMU is refused with both versions', { skip }, async () => {
  const snapshotId = await leave({ qemuVersion: '1.2.3' });
  await assert.rejects(
    restore(snapshotId),
    (error) =>
      isFault(error, 'sandbox.snapshot_stale') && /^QEMU 1\.2\.3 ≠ \d/.test(String(error.data.reason)),
  );
  await client().call('micro.snapshot.delete', { snapshotId }, s.call());
});

test('a snapshot of a later platform is not taken for one of this', { skip }, async () => {
  const snapshotId = await leave({ format: snapshotFormat + 1 });
  await assert.rejects(restore(snapshotId), (error) => isFault(error, 'sandbox.snapshot_unknown'));
});
