import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { noteSystem, removeLeftSystem } from './left-system.ts';

const mount = (...args: string[]) => execFileSync('mount', args, { stdio: 'pipe' });

/** Why nothing can be mounted here, or false. */
function mountSkip(): string | false {
  if (process.getuid?.() !== 0) return 'needs root to mount something';
  const folder = mkdtempSync(path.join(tmpdir(), 'cds-mount-'));
  try {
    mount('-t', 'tmpfs', 'none', folder);
    execFileSync('umount', [folder]);
    return false;
  } catch {
    return 'nothing can be mounted here';
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test('what a killed build had mounted is taken off before its system is removed, and nothing of the host is', {
  skip: mountSkip(),
}, async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'cds-left-'));
  const [work, host, system] = ['work', 'host', 'mmdebstrap.x1Y2z3'].map((name) => path.join(folder, name));
  assert.ok(work !== undefined && host !== undefined && system !== undefined);
  const places = ['proc', 'dev', 'dev/inner'].map((name) => path.join(system, name));
  t.after(() => {
    for (const place of places.toReversed()) {
      try {
        execFileSync('umount', ['-l', place], { stdio: 'pipe' });
      } catch {
        // taken off already, as it should be
      }
    }
    rmSync(folder, { recursive: true, force: true });
  });
  for (const made of [work, host, system]) mkdirSync(made);
  writeFileSync(path.join(host, 'precious'), 'of the host');
  const [proc, dev, inner] = places;
  assert.ok(proc !== undefined && dev !== undefined && inner !== undefined);
  mkdirSync(proc);
  mkdirSync(dev);
  mount('--bind', host, proc);
  mount('-t', 'tmpfs', 'none', dev);
  mkdirSync(inner);
  mount('--bind', host, inner);
  noteSystem(work, `I: using ${system} as tempdir`);

  await removeLeftSystem(work);

  assert.equal(existsSync(system), false);
  assert.equal(readFileSync(path.join(host, 'precious'), 'utf8'), 'of the host');
  assert.ok(!readFileSync('/proc/self/mounts', 'utf8').includes(system));
});

test('only a folder of mmdebstrap is removed, whatever the note says', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'cds-left-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const other = path.join(folder, 'other');
  mkdirSync(other);
  for (const line of [
    'E: using it as tempdir',
    `I: using ${other} as tempdir`,
    `using ${folder}/mmdebstrap.a as tempdir`,
  ])
    noteSystem(folder, line);
  assert.equal(existsSync(path.join(folder, 'left-system')), false);
  for (const note of [other, `${folder}/mmdebstrap.a/../other`, '/', '']) {
    writeFileSync(path.join(folder, 'left-system'), note);
    await removeLeftSystem(folder);
    assert.ok(existsSync(other), note);
  }
});
