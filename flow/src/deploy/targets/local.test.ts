import assert from 'node:assert/strict';
import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, readlink, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { isFlowFault } from '../../core/fault.ts';
import { targetDependencies, temporaryFolder, writeRelease } from '../../testing/release.ts';
import { readLocalRelease } from '../release.ts';
import type { DeployTarget, TargetDependencies } from '../target.ts';
import { createLocalTarget } from './local.ts';

const run = promisify(execFile);

async function world(t: TestContext, overrides: Partial<TargetDependencies> = {}) {
  const root = await temporaryFolder(t);
  const deps = targetDependencies(root, overrides);
  const target = createLocalTarget(
    { kind: 'local', name: undefined, environments: ['prod'], path: 'www' },
    deps,
  );
  const deploy = async (id: string, files: Record<string, string | Buffer>) => {
    const dir = path.join(root, `out-${id}`);
    await writeRelease(dir, { id, files });
    return target.deploy(await readLocalRelease(dir));
  };
  return {
    root,
    target,
    deploy,
    live: (file: string) => readFile(path.join(root, 'www/current', file), 'utf8'),
  };
}

const liveIds = async (target: DeployTarget) =>
  (await target.list()).filter((release) => release.live).map((release) => release.id);

test('a release goes live whole, with names of every kind', async (t) => {
  const { deploy, live, target } = await world(t);
  const files = {
    'index.html': '<h1>eins</h1>',
    'größe & maß 😀/seite zwei.html': 'zwei',
    "quote'd.txt": 'q',
    'README.txt': 'upper',
    'readme.txt': 'lower',
  };
  const outcome = await deploy('r1', files);
  assert.equal(outcome.previousId, null);
  for (const [name, content] of Object.entries(files)) assert.equal(await live(name), content);
  assert.deepEqual(await liveIds(target), ['r1']);
});

test('unchanged files do not travel again, and old hashed assets stay reachable', async (t) => {
  const { deploy, live } = await world(t);
  await deploy('r1', {
    'index.html': '1',
    'app.h-012345678900.js': 'one',
    'logo.h-abcdefabcdef.svg': '<svg/>',
  });
  const second = await deploy('r2', {
    'index.html': '2',
    'app.h-987654321000.js': 'two',
    'logo.h-abcdefabcdef.svg': '<svg/>',
  });
  assert.equal(second.retainedFiles, 1);
  assert.equal(await live('app.h-012345678900.js'), 'one');
  assert.equal(await live('index.html'), '2');
  const travelled = ['index.html', 'app.h-987654321000.js', 'build.json', 'release.json', 'SHA256SUMS']
    .length;
  assert.equal(second.uploadedFiles, travelled);
});

test('assets and releases beyond keepReleases go, in the order they came', async (t) => {
  const { deploy, target, root } = await world(t, { keepReleases: 2 });
  for (const digit of [1, 2, 3]) {
    await deploy(`r${digit}`, { 'index.html': `${digit}`, [`app.h-00000000000${digit}.js`]: `${digit}` });
  }
  assert.deepEqual(
    (await target.list()).map((release) => release.id),
    ['r3', 'r2'],
  );
  const served = await readdir(path.join(root, 'www/current'));
  assert.deepEqual(
    served.filter((name) => name.startsWith('app')),
    ['app.h-000000000002.js', 'app.h-000000000003.js'],
  );
});

test('a rollback brings the old pages back and keeps the assets of the release it leaves', async (t) => {
  const { deploy, live, target } = await world(t);
  await deploy('r1', { 'index.html': '1', 'app.h-000000000001.js': 'one' });
  await deploy('r2', { 'index.html': '2', 'app.h-000000000002.js': 'two' });
  const outcome = await target.rollback('r1');
  assert.equal(outcome.previousId, 'r2');
  assert.equal(await live('index.html'), '1');
  assert.equal(await live('app.h-000000000002.js'), 'two');
  assert.deepEqual(await liveIds(target), ['r1']);
  await assert.rejects(target.rollback('r9'), (error) => isFlowFault(error, 'deploy.release_unknown'));
});

test('the live release is never removed, also when it is older than keepReleases', async (t) => {
  const { deploy, target } = await world(t, { keepReleases: 2 });
  await deploy('r1', { 'index.html': '1' });
  await deploy('r2', { 'index.html': '2' });
  await target.rollback('r1');
  await deploy('r3', { 'index.html': '3' });
  assert.deepEqual(
    (await target.list()).map((release) => release.id),
    ['r3', 'r2'],
  );
});

test('file times come from the content, so that equal lengths never make equal ETags', async (t) => {
  const { deploy, root } = await world(t);
  await deploy('r1', { 'index.html': 'aaaa' });
  const first = await stat(path.join(root, 'www/current/index.html'));
  await deploy('r2', { 'index.html': 'bbbb' });
  const second = await stat(path.join(root, 'www/current/index.html'));
  assert.equal(first.size, second.size);
  assert.notEqual(first.mtimeMs, second.mtimeMs);
});

test('refuses a tampered release: changed, missing, added and linked files', async (t) => {
  const root = await temporaryFolder(t);
  const attacks: Array<[string, (dir: string) => Promise<unknown>]> = [
    ['index.html', (dir) => writeFile(path.join(dir, 'index.html'), 'HELLO')],
    ['extra.html', (dir) => writeFile(path.join(dir, 'extra.html'), 'x')],
    ['outside.txt', (dir) => symlink('/etc/passwd', path.join(dir, 'outside.txt'))],
  ];
  for (const [index, [file, attack]] of attacks.entries()) {
    const dir = path.join(root, `${index}`);
    await writeRelease(dir, { id: 'r1', files: { 'index.html': 'hello' } });
    await attack(dir);
    await assert.rejects(
      readLocalRelease(dir),
      (error) => isFlowFault(error, 'deploy.release_tampered') && error.place.file === file,
    );
  }
});

test('refuses a manifest whose paths or id lead out of the folder', async (t) => {
  const root = await temporaryFolder(t);
  const manifest = await writeRelease(root, { id: 'r1', files: { 'index.html': 'x' } });
  const [file] = manifest.files;
  const evil = ['../x', '/etc/x', 'a/../../x', 'a\\..\\x', 'a\nb', 'a//b', './a', 'a/'];
  const manifests = [
    ...evil.map((name) => ({ ...manifest, files: [{ ...file, path: name }] })),
    { ...manifest, id: '../r1' },
    { ...manifest, id: '-rf' },
  ];
  for (const one of manifests) {
    await writeFile(path.join(root, 'release.json'), JSON.stringify(one));
    await assert.rejects(readLocalRelease(root), (error) => isFlowFault(error, 'deploy.release_invalid'));
  }
});

test('a rollback to a release that somebody edited at the target is refused', async (t) => {
  const { deploy, live, target, root } = await world(t);
  await deploy('r1', { 'index.html': '1' });
  const old = await readlink(path.join(root, 'www/current'));
  await deploy('r2', { 'index.html': '2' });
  await writeFile(path.join(root, 'www', old, 'index.html'), 'edited');
  await assert.rejects(target.rollback('r1'), (error) => isFlowFault(error, 'deploy.target_corrupt'));
  assert.equal(await live('index.html'), '2');
});

test('an edited file at the target is copied anew, not linked into the next release', async (t) => {
  const { deploy, live, root } = await world(t);
  await deploy('r1', { 'index.html': '1', 'style.css': 'a{}' });
  await writeFile(path.join(root, 'www/current/style.css'), 'hacked');
  await deploy('r2', { 'index.html': '2', 'style.css': 'a{}' });
  assert.equal(await live('style.css'), 'a{}');
});

test('a second deploy at the same time is refused, the lock of a dead process is not', async (t) => {
  const { deploy, root } = await world(t);
  await mkdir(path.join(root, 'www'));
  const lock = path.join(root, 'www/.deploy.lock');
  const owner = {
    processId: process.pid,
    startedAt: '',
    host: (await import('node:os')).hostname(),
    since: 'x',
  };
  await writeFile(lock, JSON.stringify(owner));
  await assert.rejects(deploy('r1', { 'index.html': '1' }), (error) => isFlowFault(error, 'deploy.locked'));
  await writeFile(lock, JSON.stringify({ ...owner, host: 'elsewhere', processId: 1 }));
  await assert.rejects(deploy('r1', { 'index.html': '1' }), (error) => isFlowFault(error, 'deploy.locked'));
  await writeFile(lock, JSON.stringify({ ...owner, startedAt: '1' }));
  await deploy('r1', { 'index.html': '1' });
  const left = await readdir(path.join(root, 'www'));
  assert.deepEqual(left.sort(), ['current', 'releases']);
});

test('of many deploys at once exactly one holds the lock', async (t) => {
  const { deploy, target } = await world(t);
  const outcomes = await Promise.allSettled(
    [1, 2, 3, 4, 5].map((digit) => deploy(`r${digit}`, { 'index.html': `${digit}` })),
  );
  const done = outcomes.filter((outcome) => outcome.status === 'fulfilled').length;
  assert.ok(done >= 1);
  assert.equal((await target.list()).length, Math.min(done, 3));
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') assert.ok(isFlowFault(outcome.reason, 'deploy.locked'));
  }
});

test('a full disk leaves the live release as it was', async (t) => {
  const root = await temporaryFolder(t);
  const disk = path.join(root, 'disk');
  await mkdir(disk);
  try {
    await run('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]);
  } catch {
    t.skip('mounting a small tmpfs needs root');
    return;
  }
  try {
    const deps = targetDependencies(root);
    const target = createLocalTarget(
      { kind: 'local', name: undefined, environments: ['prod'], path: disk },
      deps,
    );
    const small = path.join(root, 'small');
    await writeRelease(small, { id: 'small', files: { 'index.html': 'small' } });
    await target.deploy(await readLocalRelease(small));
    const big = path.join(root, 'big');
    await writeRelease(big, {
      id: 'big',
      files: { 'index.html': 'big', 'video.mp4': Buffer.alloc(2_000_000, 7) },
    });
    await assert.rejects(target.deploy(await readLocalRelease(big)), (error) =>
      isFlowFault(error, 'deploy.target_full'),
    );
    assert.equal(await readFile(path.join(disk, 'current/index.html'), 'utf8'), 'small');
    assert.equal((await readdir(path.join(disk, 'releases'))).length, 1, 'nothing half-made is left');
  } finally {
    await run('umount', ['--lazy', disk]);
  }
});

test('kill -9 in the middle leaves the old release live, and the next deploy works', async (t) => {
  const { deploy, live, target, root } = await world(t);
  await deploy('r1', { 'index.html': '1' });
  const dir = path.join(root, 'big');
  const files = Object.fromEntries(
    Array.from({ length: 400 }, (_, index) => [`data-${index}.bin`, Buffer.alloc(50_000, index)]),
  );
  await writeRelease(dir, { id: 'big', files: { 'index.html': 'big', ...files } });
  const child = fork(fileURLToPath(new URL('./local-deploy.fixture.ts', import.meta.url)), [root, dir], {
    stdio: 'ignore',
  });
  await once(child, 'message');
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.equal(await live('index.html'), '1');
  assert.deepEqual(await liveIds(target), ['r1']);
  assert.equal(
    (await readdir(path.join(root, 'www/releases'))).length,
    2,
    'the kill really hit in the middle',
  );
  await deploy('r2', { 'index.html': '2' });
  assert.equal(await live('index.html'), '2');
  assert.equal((await readdir(path.join(root, 'www/releases'))).length, 2);
});

test('an aborted deploy leaves nothing behind', async (t) => {
  const { deploy, target, root } = await world(t, { signal: AbortSignal.abort() });
  await assert.rejects(deploy('r1', { 'index.html': '1' }), (error) =>
    isFlowFault(error, 'deploy.interrupted'),
  );
  assert.deepEqual(await target.list(), []);
  assert.deepEqual(await readdir(path.join(root, 'www/releases')), []);
});

test('says what is in the way when "current" is no link', async (t) => {
  const { deploy, root } = await world(t);
  await mkdir(path.join(root, 'www/current/full'), { recursive: true });
  await assert.rejects(deploy('r1', { 'index.html': '1' }), (error) =>
    isFlowFault(error, 'deploy.switch_failed'),
  );
});

test('a file time that somebody changed is set right by the next deploy', async (t) => {
  const { deploy, root } = await world(t);
  await deploy('r1', { 'index.html': '1', 'a.css': 'a{}' });
  await utimes(path.join(root, 'www/current/a.css'), 1, 1);
  await deploy('r2', { 'index.html': '2', 'a.css': 'a{}' });
  assert.notEqual((await stat(path.join(root, 'www/current/a.css'))).mtimeMs, 1000);
});
