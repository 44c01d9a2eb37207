import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, readlink, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { isFlowFault } from '../../core/fault.ts';
import { targetDependencies, temporaryFolder, writeRelease } from '../../testing/release.ts';
import { freePort } from '../../testing/servers.ts';
import { sshSkipReason, startSshServer } from '../../testing/ssh-server.ts';
import type { SshTargetConfig } from '../config.ts';
import { readLocalRelease } from '../release.ts';
import type { TargetDependencies } from '../target.ts';
import { createSshTarget } from './ssh.ts';
import { openSshSession } from './ssh-session.ts';

const skip = sshSkipReason();
const run = promisify(execFile);

async function world(t: TestContext, overrides: Partial<SshTargetConfig & TargetDependencies> = {}) {
  const root = await temporaryFolder(t);
  const server = await startSshServer(t, path.join(root, 'server keys'));
  const config: SshTargetConfig = {
    kind: 'ssh',
    name: undefined,
    environments: ['prod'],
    path: path.join(root, "the site's folder"),
    connectTimeoutSeconds: 5,
    ...server,
    ...overrides,
  };
  const deps = targetDependencies(
    root,
    overrides.keepReleases ? { keepReleases: overrides.keepReleases } : {},
  );
  const target = createSshTarget(config, deps);
  const release = async (id: string, files: Record<string, string | Buffer>) => {
    const dir = path.join(root, `out ${id}`);
    await writeRelease(dir, { id, files });
    return readLocalRelease(dir);
  };
  return {
    root,
    config,
    deps,
    target,
    release,
    deploy: async (id: string, files: Record<string, string | Buffer>) =>
      target.deploy(await release(id, files)),
    live: (file: string) => readFile(path.join(config.path, 'current', file), 'utf8'),
  };
}

test('ssh: deploys, links what is equal, keeps assets, lists, rolls back and prunes', { skip }, async (t) => {
  const { deploy, live, target, config } = await world(t, { keepReleases: 2 });
  const names = { 'größe & maß 😀/a b.html': 'n', "quote'd.txt": 'q', '#hash.txt': '#', '-rf.txt': '-' };
  const first = await deploy('r1', { 'index.html': '1', 'app.h-000000000001.js': 'one', ...names });
  assert.deepEqual([first.previousId, first.retainedFiles], [null, 0]);
  for (const [name, content] of Object.entries(names)) assert.equal(await live(name), content);

  const second = await deploy('r2', { 'index.html': '2', 'app.h-000000000002.js': 'two', ...names });
  assert.deepEqual([second.previousId, second.retainedFiles], ['r1', 1]);
  assert.equal(await live('app.h-000000000001.js'), 'one');
  assert.equal(second.uploadedFiles, 5, 'index, app, build.json, release.json and SHA256SUMS');
  assert.equal((await stat(path.join(config.path, 'current', "quote'd.txt"))).nlink, 2);

  const third = await deploy('r3', { 'index.html': '3' });
  assert.equal(third.removedReleases.length, 1);
  assert.deepEqual(
    (await target.list()).map((one) => [one.id, one.live]),
    [
      ['r3', true],
      ['r2', false],
    ],
  );
  assert.equal((await target.manifest('r2')).id, 'r2');

  await target.rollback('r2');
  assert.equal(await live('index.html'), '2');
  await assert.rejects(target.rollback('r1'), (error) => isFlowFault(error, 'deploy.release_unknown'));
});

test('ssh: an edited release at the server is neither rolled back to nor linked from', {
  skip,
}, async (t) => {
  const { deploy, live, target, config } = await world(t);
  await deploy('r1', { 'index.html': '1', 'a.css': 'a{}' });
  const folder = path.join(config.path, await readlink(path.join(config.path, 'current')));
  await writeFile(path.join(folder, 'a.css'), 'b{}');
  await deploy('r2', { 'index.html': '2', 'a.css': 'a{}' });
  assert.equal(await live('a.css'), 'a{}');
  await assert.rejects(
    target.rollback('r1'),
    (error) => isFlowFault(error, 'deploy.target_corrupt') && error.place.file === 'a.css',
  );
  assert.equal(await live('index.html'), '2');
});

test('ssh: refused connection, unknown host and wrong key each say what to do', { skip }, async (t) => {
  const { root, config, deps, release } = await world(t);
  const one = await release('r1', { 'index.html': '1' });
  await writeFile(path.join(root, 'nobody'), '');
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', path.join(root, 'other')]);
  const cases: Array<[string, Partial<SshTargetConfig>]> = [
    ['deploy.ssh_unreachable', { port: await freePort() }],
    ['deploy.ssh_host_key', { knownHostsFile: path.join(root, 'nobody') }],
    ['deploy.ssh_denied', { identityFile: path.join(root, 'other') }],
  ];
  for (const [code, change] of cases) {
    const target = createSshTarget({ ...config, ...change }, deps);
    await assert.rejects(target.deploy(one), (error) => isFlowFault(error, code), code);
  }
});

test('ssh: while one deploy holds the server, another is refused; the lock ends with its connection', {
  skip,
}, async (t) => {
  const { config, deps, deploy } = await world(t);
  {
    await using _held = await openSshSession(config, { lock: true, signal: deps.signal });
    await assert.rejects(deploy('r1', { 'index.html': '1' }), (error) => isFlowFault(error, 'deploy.locked'));
  }
  await deploy('r1', { 'index.html': '1' });
});

test('ssh: a full disk at the server leaves the live release', { skip }, async (t) => {
  const root = await temporaryFolder(t);
  const disk = path.join(root, 'disk');
  await mkdir(disk);
  const mounted = await run('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]).catch(() => null);
  if (mounted === null) {
    t.skip('mounting a small tmpfs needs root');
    return;
  }
  try {
    const { deploy } = await world(t, { path: disk });
    await deploy('small', { 'index.html': 'small' });
    await assert.rejects(
      deploy('big', { 'index.html': 'big', 'video.mp4': Buffer.alloc(2_000_000, 7) }),
      (error) => isFlowFault(error, 'deploy.target_full'),
    );
    assert.equal(await readFile(path.join(disk, 'current/index.html'), 'utf8'), 'small');
    assert.equal((await readdir(path.join(disk, 'releases'))).length, 1);
  } finally {
    await run('umount', ['--lazy', disk]);
  }
});

test('ssh: kill -9 of the deploying process leaves the old release live and no lock', { skip }, async (t) => {
  const { root, config, deploy, live, release } = await world(t);
  await deploy('r1', { 'index.html': '1' });
  const big = await release('big', { 'index.html': 'big', 'video.mp4': Buffer.alloc(60_000_000, 7) });
  const child = spawn(
    process.execPath,
    [
      fileURLToPath(new URL('./ssh-deploy.fixture.ts', import.meta.url)),
      root,
      big.dir,
      JSON.stringify(config),
    ],
    { stdio: 'ignore' },
  );
  const releases = path.join(config.path, 'releases');
  for (let attempt = 0; attempt < 2_400; attempt += 1) {
    const arrived = (await readdir(releases)).find((name) => name.startsWith('.incoming-'));
    if (arrived) break;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.equal(await live('index.html'), '1');
  const retry = async (): Promise<void> => {
    for (let attempt = 0; attempt < 600; attempt += 1) {
      try {
        await deploy('r2', { 'index.html': '2' });
        return;
      } catch (error) {
        if (!isFlowFault(error, 'deploy.locked')) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
    throw new Error('the lock of the killed deploy stayed');
  };
  await retry();
  assert.equal(await live('index.html'), '2');
});
