import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { sandboxWorld } from '../testing/world.ts';
import { confinedByLandlock, probeLandlock } from './landlock.ts';

test('behind Landlock nothing can be written, and nothing read but programs and libraries', async (t) => {
  const landlock = await probeLandlock();
  if (landlock === null) return t.skip('the kernel has no Landlock, or perl is missing');
  await using s = await sandboxWorld();
  writeFileSync(path.join(s.world.dataDir, 'projects', s.projectId, 'workspace', 'secret'), 'secret');
  const run = (line: string) => {
    const [command = '', ...args] = confinedByLandlock(landlock, ['/bin/sh', '-c', line]);
    return s.exec({ command, args });
  };
  const plain = await s.shell('cat secret; echo x > /tmp/file && echo written');
  assert.equal(plain.stdout, 'secretwritten\n', 'without it both work');
  const reading = await run('cat secret; ls /workspace');
  assert.equal(reading.stdout, '');
  assert.match(reading.stderr, /[Pp]ermission denied/);
  const writing = await run(
    'echo x > /tmp/file; echo x > /workspace/file; mkdir /tmp/folder; ls /usr > /dev/null',
  );
  assert.equal(writing.stdout, '');
  assert.equal(writing.stderr.match(/[Pp]ermission denied/g)?.length, 4, writing.stderr);
  assert.match((await run('ls /usr')).stdout, /bin/, 'programs still run');
  return undefined;
});
