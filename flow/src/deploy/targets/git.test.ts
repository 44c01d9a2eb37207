import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { isFlowFault } from '../../core/fault.ts';
import { targetDependencies, temporaryFolder, writeRelease } from '../../testing/release.ts';
import { readLocalRelease } from '../release.ts';
import { createGitTarget } from './git.ts';

const run = promisify(execFile);

async function world(t: TestContext) {
  const root = await temporaryFolder(t);
  const remote = path.join(root, 'remote.git');
  const site = path.join(root, 'site');
  await mkdir(site);
  await run('git', ['init', '--quiet', '--bare', remote]);
  await run('git', ['init', '--quiet', site]);
  await run('git', ['-C', site, 'remote', 'add', 'origin', remote]);
  const config = {
    kind: 'git',
    name: undefined,
    environments: ['prod'],
    remote: 'origin',
    branch: 'gh-pages',
  } as const;
  const target = createGitTarget(config, targetDependencies(site));
  const release = async (id: string, files: Record<string, string>) => {
    const dir = path.join(root, id);
    await writeRelease(dir, { id, files });
    return readLocalRelease(dir);
  };
  const show = async (file: string) =>
    (await run('git', ['--git-dir', remote, 'show', `gh-pages:${file}`])).stdout;
  const deploy = async (id: string, files: Record<string, string>) => target.deploy(await release(id, files));
  return { root, remote, site, config, target, release, deploy, show };
}

test('git: one commit a release, bytes as they are, assets kept, rolled back by a commit', async (t) => {
  const { deploy, show, target, remote, site } = await world(t);
  await writeFile(path.join(site, '.gitattributes'), '* text eol=crlf\n');
  await deploy('r1', {
    'index.html': 'a\r\nb\n',
    'app.h-000000000001.js': 'one',
    'größe & maß 😀/x y.html': 'n',
    CNAME: 'example.org',
  });
  assert.equal(await show('index.html'), 'a\r\nb\n');
  assert.equal(await show('größe & maß 😀/x y.html'), 'n');
  assert.equal(await show('.nojekyll'), '');
  const second = await deploy('r2', { 'index.html': '2' });
  assert.deepEqual([second.previousId, second.retainedFiles], ['r1', 1]);
  assert.equal(await show('app.h-000000000001.js'), 'one');
  assert.equal(await show('CNAME'), 'example.org', 'the domain of the site survives');
  assert.deepEqual(
    (await target.list()).map((one) => [one.id, one.live]),
    [
      ['r2', true],
      ['r1', false],
    ],
  );

  await target.rollback('r1');
  assert.equal(await show('index.html'), 'a\r\nb\n');
  const { stdout } = await run('git', ['--git-dir', remote, 'rev-list', '--count', 'gh-pages']);
  assert.equal(stdout.trim(), '3', 'history only grows');
  assert.deepEqual(
    (await target.list()).map((one) => [one.id, one.live]),
    [
      ['r1', true],
      ['r2', false],
    ],
  );
  const status = await run('git', ['-C', site, 'status', '--porcelain', '--ignored']);
  assert.doesNotMatch(status.stdout, /index\.html/, 'the work tree of the site is untouched');
});

test('git: of two deploys at once from two machines the server takes one', async (t) => {
  const { deploy, config, release, root, remote, show } = await world(t);
  await deploy('r1', { 'index.html': '1' });
  // The other machine publishes between our fetch and our push.
  const hook = path.join(remote, 'hooks/pre-receive');
  await writeFile(
    hook,
    '#!/bin/sh\nread old new name\nunset GIT_QUARANTINE_PATH\nif [ ! -e raced ]; then touch raced; git update-ref refs/heads/gh-pages "$(GIT_COMMITTER_NAME=x GIT_COMMITTER_EMAIL=x GIT_AUTHOR_NAME=x GIT_AUTHOR_EMAIL=x git commit-tree -p "$old" -m other "$old^{tree}")"; fi\n',
  );
  await chmod(hook, 0o755);
  const other = createGitTarget({ ...config, remote }, targetDependencies(root));
  await assert.rejects(other.deploy(await release('r2', { 'index.html': '2' })), (error) =>
    isFlowFault(error, 'deploy.locked'),
  );
  assert.equal(await show('index.html'), '1');
  await other.deploy(await release('r3', { 'index.html': '3' }));
  assert.equal(await show('index.html'), '3');
});

test('git: an address that does not answer is named without its credentials', async (t) => {
  const { config, site, release } = await world(t);
  const remote = 'http://user:secret@127.0.0.1:1/x.git';
  const target = createGitTarget({ ...config, remote }, targetDependencies(site));
  await assert.rejects(target.deploy(await release('r1', { 'index.html': '1' })), (error) => {
    assert.ok(isFlowFault(error, 'deploy.git_failed'));
    assert.doesNotMatch(JSON.stringify([error.text, error.fix, error.message]), /secret/);
    return true;
  });
});
