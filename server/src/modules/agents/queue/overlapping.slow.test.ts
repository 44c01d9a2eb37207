import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { eventually } from '#kernel/testing/eventually.ts';
import { agentWorld } from '../testing/agent-world.ts';
import type { Asked, Said } from '../testing/scripted-provider.ts';

const lines = Array.from({ length: 16 }, (_, index) => `line ${index}\n`);
const text = lines.join('');

/** Writes one line of the shared file and one file of its own, without naming either. */
function script({ messages, all }: Asked): Said {
  const number = Number(/agent number (\d+)/.exec(all)?.[1]);
  const done = messages.filter(({ role }) => role === 'tool').length;
  if (done === 0) {
    // The last two want the same line.
    const line = Math.min(number, 6) * 2;
    return {
      tool: 'edit_file',
      input: { path: 'shared.txt', search: `line ${line}\n`, replace: `LINE ${line} by ${number}\n` },
    };
  }
  if (done === 1) return { tool: 'write_file', input: { path: `own-${number}.txt`, content: `${number}\n` } };
  return { tool: 'finish', input: { summary: `agent ${number}` } };
}

test('eight agents on one file, applied all at once: what does not conflict lands, the rest is told, nothing is overwritten', async () => {
  await using at = await agentWorld({ 'shared.txt': text }, script, { CDS_AGENTS_PARALLEL: '8' });
  const tasks = await Promise.all(
    Array.from({ length: 8 }, (_, index) =>
      at.dispatch({ agent: 'doc', task: `You are agent number ${index}.` }),
    ),
  );
  for (const taskId of tasks) {
    const { status, problem } = await at.settled(taskId);
    assert.equal(status, 'completed', JSON.stringify(problem));
  }
  at.write('shared.txt', text.replace('line 15', 'mine'));
  const results = await Promise.all(tasks.map((taskId) => at.call('agent.apply', { taskId })));
  const landed = results
    .map(({ conflicts }, index) => (conflicts.length === 0 ? index : -1))
    .filter((index) => index >= 0);
  assert.equal(landed.length, 7);
  assert.deepEqual(landed.slice(0, 6), [0, 1, 2, 3, 4, 5]);
  const winner = landed[6] ?? -1;
  const expected = lines.map((line, index) => {
    if (index === 15) return 'mine\n';
    const number = index / 2;
    return Number.isInteger(number) && number <= 6
      ? `LINE ${index} by ${number === 6 ? winner : number}\n`
      : line;
  });
  assert.equal(at.read('shared.txt'), expected.join(''));
  for (let number = 0; number < 8; number += 1)
    assert.equal(at.read(`own-${number}.txt`), landed.includes(number) ? `${number}\n` : null);
  const loser = results.find(({ conflicts }) => conflicts.length > 0);
  assert.deepEqual([loser?.written, loser?.conflicts[0]?.path], [[], 'shared.txt']);
});

/** Numbers that look random and are the same each time (Steele and others, SplitMix, 2014). */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) % below;
  };
}

test('users edit and commit at random between apply and rollback: their bytes and branches stay, only the agent’s lines go', async (t) => {
  await using at = await agentWorld({ 'shared.txt': text, 'other.txt': 'x\n' }, script);
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=U', '-c', 'user.email=u@example.org', ...args], {
      cwd: at.workspace,
      encoding: 'utf8',
    }).trim();
  if (!existsSync(path.join(at.workspace, '.git'))) git('init', '-q');
  git('add', '-A');
  git('commit', '-qm', 'first');
  const task = await at.run({ agent: 'doc', task: 'You are agent number 3.' });
  assert.equal(task.status, 'completed', JSON.stringify(task.problem));
  const { taskId } = task;
  const seed = 20_260_101;
  t.diagnostic(`seed ${seed}`);
  const random = seeded(seed);
  let user = lines.slice();
  let applied = false;
  for (let round = 0; round < 25; round += 1) {
    const index = random(16);
    // Lines beside the agent's own would be a conflict; those are tested by name.
    if (Math.abs(index - 6) > 1) user = user.with(index, `edit ${round} of ${index}\n`);
    const shown = (own: boolean) =>
      user.map((line, at) => (at === 6 && own ? 'LINE 6 by 3\n' : line)).join('');
    at.write('shared.txt', shown(applied));
    at.write('other.txt', `${round}\n`);
    if (random(3) === 0) {
      git('add', '-A');
      git('commit', '-qm', `round ${round}`, '--allow-empty');
    }
    const before = [git('rev-parse', 'HEAD'), git('for-each-ref'), git('stash', 'list')];
    const result: { conflicts: unknown[] } = await (applied
      ? at.call('agent.rollback', { taskId })
      : at.call('agent.apply', { taskId, insist: true }));
    assert.deepEqual(result.conflicts, [], `round ${round}`);
    applied = !applied;
    assert.equal(at.read('shared.txt'), shown(applied), `round ${round}`);
    assert.equal(at.read('other.txt'), `${round}\n`);
    assert.equal(at.read('own-3.txt'), applied ? '3\n' : null);
    assert.deepEqual([git('rev-parse', 'HEAD'), git('for-each-ref'), git('stash', 'list')], before);
  }
});

test('the database drops every connection, the provider dies in the middle of an answer: the task completes', async () => {
  let dropped = 0;
  await using at = await agentWorld({ 'shared.txt': text }, async (asked) => {
    const done = asked.messages.filter(({ role }) => role === 'tool').length;
    if (done === 1 && dropped < 2) {
      dropped += 1;
      return { dropMidway: true };
    }
    return script(asked);
  });
  const taskId = await at.dispatch({ agent: 'doc', task: 'You are agent number 2.' });
  await eventually(() => assert.equal(dropped, 1), 60_000);
  // Also the connection that this runs on.
  await at.world.database
    .execute({
      text: 'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()',
    })
    .catch(() => undefined);
  await eventually(async () => {
    const { status, problem } = await at.call('agent.status', { taskId });
    assert.equal(status, 'completed', JSON.stringify(problem));
  }, 120_000);
  const steps = await at.steps(taskId);
  assert.equal(steps.filter(({ kind }) => kind === 'completed').length, 1);
});

test('a project with binary, huge, CRLF, non-UTF-8 and linked files and no history is copied, changed and restored exactly', async () => {
  await using at = await agentWorld({ 'shared.txt': text }, script);
  const file = (name: string) => path.join(at.workspace, name);
  mkdirSync(file('deep/er'), { recursive: true });
  writeFileSync(file('picture.bin'), Buffer.from([0, 255, 1, 254, 13, 10]));
  writeFileSync(file('latin.txt'), Buffer.from([0xe4, 0xf6, 0xfc, 10]));
  writeFileSync(file('windows.txt'), 'a\r\nb\r\n');
  writeFileSync(file('huge.log'), Buffer.alloc(6 * 1024 ** 2, 'x'));
  execFileSync('ln', ['-s', '../shared.txt', file('deep/link')]);
  execFileSync('ln', ['-s', '/etc/passwd', file('deep/out')]);
  const bytes = () =>
    execFileSync(
      'sh',
      [
        '-c',
        'find . -path ./.git -prune -o \\( -type f -o -type l \\) -print | sort | while read f; do [ -L "$f" ] && readlink "$f" || sha256sum "$f"; done',
      ],
      {
        cwd: at.workspace,
        encoding: 'utf8',
      },
    );
  const before = bytes();
  const task = await at.run({ agent: 'doc', task: 'You are agent number 1.' });
  assert.equal(task.status, 'completed', JSON.stringify(task.problem));
  assert.deepEqual(
    task.changeSet.map(({ path: name }) => name),
    ['own-1.txt', 'shared.txt'],
  );
  const { taskId } = task;
  assert.deepEqual((await at.call('agent.apply', { taskId })).conflicts, []);
  assert.notEqual(bytes(), before);
  await at.call('agent.rollback', { taskId });
  assert.equal(bytes(), before);
});
