import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { projectWorld } from './testing/project-world.ts';

const saver = fileURLToPath(new URL('./testing/saver.ts', import.meta.url));

test('kill -9 in the middle of saves loses none that was acknowledged, and leaves no half file', async () => {
  await using shared = await projectWorld();
  const person = shared.person();
  const { id: projectId } = await person.call('project.create', { name: 'crash' });
  const file = path.join(shared.workspaceOf(projectId), 'file.txt');
  const { connectionString } = shared.world.database;
  for (let round = 0; round < 4; round += 1) {
    const child = spawn(
      process.execPath,
      [saver, connectionString, shared.world.dataDir, projectId, person.principal.userId],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let output = '';
    const ended = new Promise((resolve) => child.once('close', resolve));
    // Killed at another moment of a save each round, after at least a few were acknowledged.
    child.stdout.on('data', (chunk: Buffer) => {
      const before = output;
      output += chunk.toString();
      if (before.split('\n').length <= 5 && output.split('\n').length > 5)
        setTimeout(() => child.kill('SIGKILL'), round * 1.3);
    });
    await ended;
    const acknowledged = output
      .split('\n')
      .slice(0, -1)
      .map((line) => line.split(' '));
    assert.ok(acknowledged.length >= 5);

    const content = readFileSync(file, 'utf8');
    const count = Number(content.slice(0, content.indexOf(':')));
    const last = Number(acknowledged.at(-1)?.[0]);
    assert.ok(count >= last && count <= last + 1, `the file holds ${count}, acknowledged was ${last}`);
    assert.equal(content.length, `${count}:`.length + 50_000);

    const kept = new Set<string>();
    // All pages: on a busy machine the kill comes late, and a child may have saved hundreds of times before it.
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page: { versions: { etag: string }[]; nextCursor: string | null } = await person.call(
        'project.file.history',
        { projectId, path: 'file.txt', limit: 200, ...(cursor === undefined ? {} : { cursor }) },
      );
      for (const version of page.versions) kept.add(version.etag);
      cursor = page.nextCursor;
    }
    for (const [, etag] of acknowledged)
      assert.ok(kept.has(etag ?? ''), 'an acknowledged save is in the history');
  }
  // What the killed processes had begun to write is cleared away once it is old.
  shared.world.clock.advance(2 * 3_600_000);
  await shared.world.platform.composition.runtimes.get('projects')?.recover?.();
  const staging = path.join(shared.world.dataDir, 'projects', projectId, 'staging');
  assert.deepEqual(readdirSync(staging), []);
  await person.call('project.file.save', { projectId, path: 'file.txt', content: 'on we go' });
});
