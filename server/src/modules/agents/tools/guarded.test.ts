import assert from 'node:assert/strict';
import test from 'node:test';
import { guardReason } from './guarded.ts';

const reason = (path: string, before: string | null = null, after: string | null = 'x') =>
  guardReason({ path, before, after });

test('hooks, pipelines, registries, editors and instructions reach beyond the project', () => {
  const cases = {
    '.husky/pre-commit': 'hook',
    'packages/a/.husky/pre-push': 'hook',
    '.git/hooks/pre-commit': 'hook',
    '.gitattributes': 'hook',
    '.pre-commit-config.yaml': 'hook',
    '.github/workflows/x.yml': 'pipeline',
    '.GitHub/workflows/x.yml': 'pipeline',
    '.gitlab-ci.yml': 'pipeline',
    Jenkinsfile: 'pipeline',
    '.npmrc': 'registry',
    '.vscode/tasks.json': 'editor',
    '.devcontainer/devcontainer.json': 'editor',
    '.envrc': 'editor',
    '.gitlab/ci/build.yml': 'pipeline',
    'appveyor.yml': 'pipeline',
    'buildspec.yml': 'pipeline',
    'native/binding.gyp': 'scripts',
    '.claude/settings.json': 'instructions',
    'app/.gemini/settings.json': 'instructions',
    '.clinerules': 'instructions',
    'opencode.json': 'instructions',
    'AGENTS.md': 'instructions',
    'docs/CLAUDE.md': 'instructions',
    '.cds/agents.json': 'platform',
  };
  for (const [path, expected] of Object.entries(cases)) assert.equal(reason(path), expected, path);
  for (const path of ['src/github.ts', 'README.md', 'docs/agents.md', 'src/vscode/tasks.json', 'git.ts'])
    assert.equal(reason(path), null, path);
});

test('a manifest is asked about only when what it runs changes', () => {
  const manifest = (more: object) => JSON.stringify({ name: 'a', scripts: { test: 'node --test' }, ...more });
  assert.equal(reason('package.json', manifest({}), manifest({ version: '2.0.0' })), null);
  assert.equal(reason('package.json', manifest({}), manifest({ scripts: { test: 'x' } })), 'scripts');
  assert.equal(reason('a/package.json', manifest({}), manifest({ bin: './a.js' })), 'scripts');
  assert.equal(reason('package.json', null, '{"name":"a"}'), null);
  assert.equal(reason('package.json', null, '{"scripts":{"postinstall":"x"}}'), 'scripts');
  assert.equal(reason('package.json', manifest({}), null), 'scripts');
  assert.equal(reason('package.json', manifest({}), '{ broken'), 'scripts');
});
