import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { killQuietly, processIdsOf } from './control-files.ts';

test('a process without an id, which the kernel names 0, is nobody to be killed: the server’s own group goes on', async () => {
  const group = mkdtempSync(path.join(tmpdir(), 'cds-group-'));
  const other = spawn('sleep', ['60']);
  try {
    for (const text of ['', '\n', '0\n', `0\n1\n-1\n${process.pid}\n`]) {
      writeFileSync(path.join(group, 'cgroup.procs'), text);
      assert.deepEqual(processIdsOf(group), [], JSON.stringify(text));
    }
    writeFileSync(path.join(group, 'cgroup.procs'), `0\n${other.pid}\n`);
    assert.deepEqual(processIdsOf(group), [other.pid]);
    for (const id of [0, 1, -1, process.pid, Number.NaN]) killQuietly(id);
    killQuietly(other.pid ?? 0);
    const [, signal] = await once(other, 'exit');
    assert.equal(signal, 'SIGKILL');
  } finally {
    other.kill('SIGKILL');
    rmSync(group, { recursive: true });
  }
});
