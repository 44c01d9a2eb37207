import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { checkNames, runChecks } from '../checks/run.ts';
import { isFlowFault } from '../core/fault.ts';
import { flowContext } from '../testing/context.ts';
import { temporaryFolder } from '../testing/release.ts';
import { hasProgram } from '../testing/servers.ts';
import { runInit } from './init.ts';

const run = promisify(execFile);

async function repository(t: TestContext) {
  const root = await temporaryFolder(t);
  await run('git', ['init', '--quiet', root]);
  const read = (file: string) => readFile(path.join(root, file), 'utf8');
  return { root, context: flowContext(root, {}), read };
}

test('prepares a repository, and changes nothing the second time', async (t) => {
  const { root, context, read } = await repository(t);
  const first = await runInit(context);
  assert.ok(first.files.every((file) => file.outcome === 'created'));
  const second = await runInit(context);
  assert.ok(second.files.every((file) => file.outcome === 'unchanged'));
  assert.equal((await stat(path.join(root, '.githooks/pre-commit'))).mode & 0o111, 0o111);
  assert.match(await read('.githooks/pre-commit'), /^#!\/bin\/sh\n# Written by/);
  assert.match(
    await read('.continue/rules/flow.md'),
    /^---\nname: [^\n]+\nalwaysApply: true\n---\n<!-- Written by/,
  );
});

test('what it writes is valid: YAML, make, shell, TypeScript, and clean by our own checks', async (t) => {
  const { root, context, read } = await repository(t);
  const { files } = await runInit(context);
  for (const { path: name } of files.filter((file) => /\.ya?ml$/.test(file.path))) {
    assert.equal(typeof parse(await read(name)), 'object', name);
  }
  const workflow = parse(await read('.github/workflows/flow.yml'));
  assert.deepEqual(Object.keys(workflow.jobs), ['check', 'build', 'deploy']);
  await run('sh', ['-n', path.join(root, '.githooks/pre-commit')]);
  const config = await import(path.join(root, 'flow.config.ts'));
  assert.deepEqual(config.default.deploy.targets, []);
  const { findings } = await runChecks(context, { checks: checkNames });
  assert.deepEqual(findings, []);
});

test('the Makefile has the seven targets', {
  skip: hasProgram('make') ? false : 'make is missing: apt-get install make',
}, async (t) => {
  const { root, context } = await repository(t);
  await writeFile(path.join(root, 'Makefile'), 'mine:\n\techo mine\n');
  await runInit(context, ['make']);
  for (const target of ['dev', 'staging', 'prod', 'fix', 'docs', 'encoding-strict', 'verify', 'mine']) {
    await run('make', ['--dry-run', '-C', root, target]);
  }
  const { stdout } = await run('make', ['--dry-run', '--no-print-directory', '-C', root]);
  assert.equal(stdout, 'echo mine\n', 'the first target stays the default');
});

test('files of others are kept, shared ones get a block, and the block alone is renewed', async (t) => {
  const { root, context, read } = await repository(t);
  await writeFile(path.join(root, 'AGENTS.md'), '# Ours\n\nText.');
  await writeFile(path.join(root, '.gitignore'), 'dist\n');
  await writeFile(path.join(root, '.editorconfig'), 'root = true\n');
  const { files, notes } = await runInit(context);
  const outcomes = new Map(files.map((file) => [file.path, file.outcome]));
  assert.equal(outcomes.get('.editorconfig'), 'kept');
  assert.ok(notes.some((note) => note.en.startsWith('.editorconfig')));
  assert.equal(await read('.editorconfig'), 'root = true\n');
  assert.match(await read('AGENTS.md'), /^# Ours\n\nText\.\n\n<!-- cds flow init: begin -->\n/);
  await writeFile(
    path.join(root, 'AGENTS.md'),
    `${(await read('AGENTS.md')).replace('1. All text', '1. No text')}After.\n`,
  );
  const again = await runInit(context);
  assert.equal(again.files.find((file) => file.path === 'AGENTS.md')?.outcome, 'updated');
  assert.match(await read('AGENTS.md'), /^# Ours[\s\S]*1\. All text[\s\S]*end -->\nAfter\.\n$/);
  assert.match(await read('.gitignore'), /^dist\n\n# cds flow init: begin\n\.flow\/\n/);
});

test('a dry run writes nothing, and a link is never written through', async (t) => {
  const { root, context } = await repository(t);
  const planned = await runInit(flowContext(root, {}, { dryRun: true }));
  assert.ok(planned.files.every((file) => file.outcome === 'created'));
  assert.deepEqual(await readdir(root), ['.git']);
  await assert.rejects(run('git', ['-C', root, 'config', '--get', 'core.hooksPath']));
  const outside = await temporaryFolder(t);
  await mkdir(path.join(outside, 'rules'));
  await symlink(outside, path.join(root, '.continue'));
  await assert.rejects(runInit(context, ['assistants']), (error) => isFlowFault(error, 'init.symbolic_link'));
  assert.deepEqual(await readdir(path.join(outside, 'rules')), []);
});

test('the CI of the repository’s host is chosen by its remote', async (t) => {
  const { root, context } = await repository(t);
  await run('git', ['-C', root, 'remote', 'add', 'origin', 'git@gitlab.example.org:a/b.git']);
  const { files } = await runInit(context);
  assert.ok(files.some((file) => file.path === '.gitlab-ci.yml'));
  assert.ok(!files.some((file) => file.path.startsWith('.github/')));
});

test('hooks somebody chose stay, and say how to call ours', async (t) => {
  const { root, context } = await repository(t);
  await run('git', ['-C', root, 'config', 'core.hooksPath', '.husky']);
  const { notes } = await runInit(context, ['hooks']);
  assert.match(notes[0]?.en ?? '', /\.husky; call \.githooks\/pre-commit/);
});

test('the hook stops a commit with a finding in a staged file, whatever its name, and lets the rest pass', async (t) => {
  const { root, context } = await repository(t);
  await runInit(context, ['hooks']);
  const fixture = fileURLToPath(new URL('./check.fixture.ts', import.meta.url));
  const env = {
    ...process.env,
    CDS_FLOW: `${process.execPath} ${fixture}`,
    GIT_AUTHOR_NAME: 'a',
    GIT_AUTHOR_EMAIL: 'a@b.c',
    GIT_COMMITTER_NAME: 'a',
    GIT_COMMITTER_EMAIL: 'a@b.c',
  };
  const commit = () => run('git', ['-C', root, 'commit', '--quiet', '-m', 'x'], { env });
  const damaged = Buffer.from('für', 'utf8').toString('latin1');
  await writeFile(path.join(root, "größe & 'maß' 😀.txt"), damaged);
  await writeFile(path.join(root, 'fine.txt'), 'fine\n');
  await run('git', ['-C', root, 'add', 'fine.txt']);
  await commit();
  await run('git', ['-C', root, 'add', '.']);
  await assert.rejects(commit(), (error: { stdout: string; stderr: string }) =>
    /encoding\.double/.test(error.stdout + error.stderr),
  );
});
