import assert from 'node:assert/strict';
import test from 'node:test';
import { judgeCommand } from './command-policy.ts';

const all = { run: true, write: true };
const judge = (line: string) => {
  const [command = '', ...args] = line.split(' ');
  return judgeCommand(command, args, all).kind;
};

test('the project’s own tests and reading run without asking', () => {
  for (const line of [
    'npm test',
    'npm run build',
    'node --test a.test.ts',
    'pytest -q',
    'python3 -m unittest',
    'ls -la',
    'git diff HEAD',
    'cargo test',
    './run.sh',
  ]) {
    assert.equal(judge(line), 'allow', line);
  }
});

test('what destroys, installs, runs given code or is unknown is asked', () => {
  for (const line of [
    'rm -rf .',
    'sudo ls',
    'npm install left-pad',
    'npx something',
    'pip install x',
    'node -e 1',
    'python3 -c 1',
    'bash run.sh',
    'frobnicate',
    '/usr/bin/env ls',
    '../evil',
    'find . -delete',
    'node /etc/x.js',
  ]) {
    assert.equal(judge(line), 'ask', line);
  }
});

test('what reaches out or rewrites history is refused', () => {
  for (const line of [
    'npm publish',
    'git push origin',
    'git commit -m x',
    'git reset --hard',
    'git diff --output=x',
    'ssh host',
    'cat .git/config',
    'gh release',
  ]) {
    assert.equal(judge(line), 'deny', line);
  }
});

test('what fetches over HTTP is a matter of network: asked for only where the project may reach anybody', () => {
  for (const line of ['curl http://example.org', 'wget -q x', '/usr/bin/curl x'])
    assert.equal(judge(line), 'network', line);
  const installing = judgeCommand('npm', ['install'], all);
  assert.ok(installing.kind === 'ask' && installing.fetches === true);
});

test('a shell line counts as what it runs when it is one plain command, else it is asked', () => {
  const shell = (line: string) => judgeCommand('sh', ['-c', line], all).kind;
  assert.equal(shell('npm test'), 'allow');
  assert.equal(shell('rm -rf ~'), 'ask');
  for (const line of ['npm test; rm -rf /', 'cat a > b', 'echo $(curl x)', 'true && false', 'sh -c ls'])
    assert.equal(shell(line), 'ask', line);
  assert.equal(shell('curl example.org'), 'network');
});

test('an agent without the grant runs nothing', () => {
  assert.equal(judgeCommand('ls', [], { run: false, write: false }).kind, 'deny');
});
