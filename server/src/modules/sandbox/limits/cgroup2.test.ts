import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { defaultLimits } from '../run/contract-shapes.ts';
import { createCgroup2Driver, offersControllers } from './cgroup2.ts';

// A folder of ordinary files stands in for the kernel's: what is written where can be told on any machine. That the kernel
// then holds the limits is shown by the tests of the engine wherever cgroup 2 is the driver.
function fakeHierarchy(t: { after(fn: () => void): void }): string {
  const root = mkdtempSync(path.join(tmpdir(), 'cds-cgroup2-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  writeFileSync(path.join(root, 'cgroup.controllers'), 'cpuset cpu io memory pids\n');
  return root;
}

const limits = { ...defaultLimits, cpuMs: null, cpuCores: 0.5, processes: 10, memoryBytes: 50_000_000 };

test('hands the controllers down and writes every limit', (t) => {
  const root = fakeHierarchy(t);
  assert.equal(offersControllers(root), true);
  const driver = createCgroup2Driver({ delegated: root, name: 'studio', totalMemoryBytes: 10 ** 9 });
  const group = driver.create('run-1', limits);
  const own = path.join(
    root,
    'studio',
    readdirSync(path.join(root, 'studio')).find((name) => name.startsWith('p')) ?? '',
  );
  const text = (...parts: string[]) => readFileSync(path.join(...parts), 'utf8');
  for (const folder of [root, path.join(root, 'studio'), own]) {
    assert.equal(text(folder, 'cgroup.subtree_control'), '+memory +pids +cpu');
  }
  assert.equal(text(own, 'memory.max'), '1000000000');
  assert.equal(text(own, 'run-1', 'memory.max'), '50000000');
  assert.equal(text(own, 'run-1', 'memory.swap.max'), '0');
  assert.equal(text(own, 'run-1', 'memory.oom.group'), '1');
  assert.equal(text(own, 'run-1', 'pids.max'), '12', 'bubblewrap itself takes two');
  assert.equal(text(own, 'run-1', 'cpu.max'), '50000 100000');
  assert.equal(group.joinScript, `echo $$ > '${path.join(own, 'run-1')}/cgroup.procs'`);
});

test('reads use and what was refused', (t) => {
  const root = fakeHierarchy(t);
  const driver = createCgroup2Driver({ delegated: root, name: 'studio', totalMemoryBytes: 10 ** 9 });
  const group = driver.create('run-1', limits);
  const folder = /'(.*)\/cgroup.procs'/.exec(group.joinScript)?.[1] ?? '';
  const write = (name: string, text: string) => writeFileSync(path.join(folder, name), text);
  write('memory.current', '20000000\n');
  write('memory.events', 'low 0\nhigh 0\nmax 4\noom 1\noom_kill 1\noom_group_kill 1\n');
  write('pids.current', '7\n');
  write('pids.events', 'max 3\n');
  write('cpu.stat', 'usage_usec 1234567\nuser_usec 1000000\n');
  write('cgroup.procs', '11\n12\n');
  assert.deepEqual(group.usage(), {
    memoryBytes: 20_000_000,
    peakMemoryBytes: 50_000_000,
    cpuMs: 1234.567,
    processes: 5,
    peakProcesses: 10,
    outOfMemoryKills: 1,
    refusedForks: 3,
  });
  assert.deepEqual(group.processIds(), [11, 12]);
  write('cgroup.procs', '');
});

test('a group without the controllers is no candidate', (t) => {
  const root = fakeHierarchy(t);
  writeFileSync(path.join(root, 'cgroup.controllers'), 'hugetlb\n');
  assert.equal(offersControllers(root), false);
  mkdirSync(path.join(root, 'empty'));
  assert.equal(offersControllers(path.join(root, 'empty')), false);
});
