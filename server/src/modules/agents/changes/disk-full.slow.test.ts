import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { eventually } from '#kernel/testing/eventually.ts';
import { agentWorld } from '../testing/agent-world.ts';

const partBytes = 40 * 1024;
const names = ['a', 'b', 'c', 'd'].map((name) => `${name}.txt`);

/** A file system of so many bytes in the place of a folder; null where this account may not mount. */
function smallDisk(folder: string, sizeBytes: number): Disposable | null {
  const aside = mkdtempSync(path.join(tmpdir(), 'cds-disk-'));
  cpSync(folder, aside, { recursive: true });
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeBytes}`, 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    rmSync(aside, { recursive: true });
    return null;
  }
  cpSync(aside, folder, { recursive: true });
  rmSync(aside, { recursive: true });
  return { [Symbol.dispose]: () => void execFileSync('umount', ['-l', folder]) };
}

test('a disk that gets full while a change is applied: nothing of it stays, and with room again all of it lands', async (t) => {
  await using at = await agentWorld({ 'readme.txt': 'small\n' }, ({ messages }) => {
    const name = names[messages.filter(({ content }) => content.includes(' is written.')).length];
    return name === undefined
      ? { tool: 'finish', input: { summary: 'done' } }
      : { tool: 'write_file', input: { path: name, content: name.repeat(partBytes / name.length) } };
  });
  using disk = smallDisk(path.dirname(at.workspace), 8 * 1024 ** 2);
  if (disk === null) return t.skip('this account may not mount a small file system');
  const task = await at.run({ agent: 'doc', budget: { tokens: 2_000_000 } });
  assert.equal(task.status, 'completed', JSON.stringify(task.problem));
  const { taskId } = task;
  await eventually(() => assert.ok(!existsSync(path.join(at.area, 'worktrees', taskId))), 60_000);
  // Room for two of the four.
  const filler = path.join(path.dirname(at.workspace), 'filler');
  const { bavail, bsize } = statfsSync(at.workspace);
  writeFileSync(filler, Buffer.alloc(bavail * bsize - 2.5 * partBytes));
  await assert.rejects(at.call('agent.apply', { taskId }));
  for (const name of names) assert.equal(at.read(name), null, name);
  assert.equal(at.read('readme.txt'), 'small\n');
  assert.equal((await at.call('agent.status', { taskId })).changeState, 'proposed');
  rmSync(filler);
  assert.deepEqual((await at.call('agent.apply', { taskId })).written, names);
  for (const name of names)
    assert.equal(at.read(name)?.length, Math.floor(partBytes / name.length) * name.length);
});
