import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { eventually } from '#kernel/testing/eventually.ts';
import { type Installation, installation, kindsOf, patienceMs, settled } from '../testing/installation.ts';
import type { Asked, Said } from '../testing/scripted-provider.ts';

function write({ workspace }: Installation, files: Readonly<Record<string, string>>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(workspace, name)), { recursive: true });
    writeFileSync(path.join(workspace, name), content);
  }
}

/** Asks for leave to delete a file, then writes one, then is done. */
function remover({ messages }: Asked): Said {
  const answers = messages.filter(({ role }) => role === 'tool').length;
  if (answers === 0) return { tool: 'run', input: { command: 'rm', args: ['-f', 'a.txt'] } };
  if (answers === 1) return { tool: 'write_file', input: { path: 'note.txt', content: 'done\n' } };
  return { tool: 'finish', input: { summary: 'done' } };
}

interface Waiting {
  readonly consentId: string;
  readonly kind: string;
  readonly subjects: string[];
}

test('killed while a task waits for leave: the question is there again, and its answer counts once', async (t) => {
  await using at = await installation(remover);
  write(at, { 'a.txt': 'one\n', 'b.txt': 'two\n' });
  const dispatch = async () => {
    const task = { projectId: at.projectId, agent: 'code', task: 'Tidy', model: 'scripted/strong' };
    return (await at.agent('agent.dispatch', task)).taskId;
  };
  const asks = async (taskId: unknown): Promise<Waiting> => {
    const status = await settled(at, taskId);
    assert.equal(status.status, 'waiting_for_input', JSON.stringify(status.problem));
    return status.consent as Waiting;
  };
  async function isDone(taskId: unknown): Promise<void> {
    const { status, problem, changeSet } = await settled(at, taskId);
    assert.equal(status, 'completed', JSON.stringify(problem));
    assert.deepEqual(
      (changeSet as { path: string; change: string }[]).map(({ path: name, change }) => [name, change]),
      [
        ['a.txt', 'deleted'],
        ['note.txt', 'created'],
      ],
    );
    const kinds = await kindsOf(at, taskId);
    assert.equal(kinds.filter((kind) => kind === 'completed').length, 1);
  }

  await t.test('while it waits', async () => {
    const taskId = await dispatch();
    const before = await asks(taskId);
    await at.crash(null);
    const after = await asks(taskId);
    assert.deepEqual(after, before);
    await at.agent('agent.consent', { taskId, consentId: after.consentId, decision: 'once' });
    await isDone(taskId);
    assert.equal((await kindsOf(at, taskId)).filter((kind) => kind === 'asked').length, 1);
    const again = at.agent('agent.consent', { taskId, consentId: after.consentId, decision: 'once' });
    await assert.rejects(again, /agents\.consent_stale/);
  });

  await t.test('while the question is being entered', async () => {
    await at.hold('agents.step', 'insert', `new.kind = 'asked'`);
    const taskId = await dispatch();
    await at.held();
    await at.crash('agents.step');
    const { consentId, kind, subjects } = await asks(taskId);
    assert.deepEqual([kind, subjects], ['command', ['rm -f a.txt']]);
    await at.agent('agent.consent', { taskId, consentId, decision: 'once' });
    await isDone(taskId);
  });

  await t.test('while the answer is being entered: it counts, or the question still stands', async () => {
    const taskId = await dispatch();
    const { consentId } = await asks(taskId);
    await at.hold('agents.step', 'insert', `new.kind = 'replied'`);
    const answer = { taskId, consentId, decision: 'once' };
    const call = at.agent('agent.consent', answer).catch((error: unknown) => error);
    await at.held();
    await at.crash('agents.step');
    await call;
    assert.equal((await asks(taskId)).consentId, consentId);
    await at.agent('agent.consent', answer);
    await isDone(taskId);
  });

  await t.test('after the answer, before the program has run', async () => {
    const taskId = await dispatch();
    const { consentId } = await asks(taskId);
    await at.hold('agents.step', 'insert', `new.kind = 'started'`);
    await at.agent('agent.consent', { taskId, consentId, decision: 'once' });
    await at.held();
    await at.crash('agents.step');
    await isDone(taskId);
  });
});

test('killed in the middle of an index: the next one goes on from there, nothing stands twice, nothing is missing', async () => {
  await using at = await installation(() => ({ text: '' }));
  const count = 260;
  const nameOf = (index: number) => `src/f${String(index).padStart(3, '0')}.js`;
  write(
    at,
    Object.fromEntries(
      Array.from({ length: count }, (_, index) => [
        nameOf(index),
        `export function word${index}zebra() {\n  return ${index};\n}\n`,
      ]),
    ),
  );
  // A new project has some of its own.
  const whole = readdirSync(at.workspace, { recursive: true, withFileTypes: true, encoding: 'utf8' }).filter(
    (entry) => entry.isFile() && !path.join(entry.parentPath, entry.name).includes('/.git/'),
  ).length;
  const { projectId } = at;
  const code = (query: string) => at.search('search.code', { projectId, query, limit: 5 });
  const rows = async (text: string) => (await at.holder.query(text)).rows as Record<string, unknown>[];
  await at.hold('search.file', 'insert', `new.path = '${nameOf(120)}'`);
  const first = code('word1zebra').catch((error: unknown) => error);
  await at.held();
  await at.crash('search.file');
  await first;
  const chunkIds = async () =>
    (await rows('select chunk_id as id from search.chunk order by 1')).map(({ id }) => String(id));
  const kept = await chunkIds();
  assert.ok(kept.length > 0 && kept.length < count, `${kept.length} were stored before`);
  const ready = async () => {
    await code('word1zebra');
    const { state, files } = await at.search('search.status', { projectId });
    assert.deepEqual([state, files], ['ready', whole]);
  };
  await eventually(ready, patienceMs);
  const all = await chunkIds();
  assert.ok(all.length >= whole);
  assert.deepEqual(all.slice(0, kept.length), kept, 'what was stored is cut again');
  const [counted] = await rows(
    `select count(*)::int as files, count(distinct path)::int as paths, count(distinct content_hash)::int as contents,
      (select count(*)::int from search.content) as known,
      (select count(*)::int from (select distinct content_hash, start_line from search.chunk) as chunk) as chunks
      from search.file`,
  );
  const expected = { files: whole, paths: whole, contents: whole, known: whole, chunks: all.length };
  assert.deepEqual(counted, expected);
  for (const index of [0, 119, 120, 121, count - 1]) {
    const { results } = (await code(`word${index}zebra`)) as { results: { path: string; found: string[] }[] };
    assert.equal(results[0]?.path, nameOf(index));
    assert.deepEqual(results[0]?.found.toSorted(), ['exact', 'words']);
  }
});
