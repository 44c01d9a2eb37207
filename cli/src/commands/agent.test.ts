import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import test from 'node:test';
import { isFault } from '@cyberdevstudio/server/base/fault.ts';
import type { Terminal } from '../terminal.ts';
import { run } from './agent.ts';

const taskId = '0192a000-0000-7000-8000-000000000001';
const projectId = '0192a000-0000-7000-8000-000000000002';
const at = '2026-01-02T03:04:05.000Z';
const task = {
  taskId,
  projectId,
  userId: 'u',
  agent: 'code',
  task: 'sum must add',
  files: ['sum.js'],
  command: null,
  secondsUsed: 1.5,
  model: 'a/b',
  status: 'completed',
  changeState: 'proposed',
  priority: 5,
  after: [],
  budget: { tokens: 1, seconds: 1, cost: null },
  escalateTo: null,
  consent: null,
  overlaps: [],
  usage: { calls: 1, promptTokens: 1, completionTokens: 1, estimatedTokens: 0, cost: '0' },
  question: null,
  summary: 'done',
  problem: null,
  createdAt: at,
  startedAt: at,
  finishedAt: at,
  progress: 1,
  findings: [],
  changeSet: [
    {
      path: 'sum.js',
      change: 'changed',
      binary: false,
      addedLines: 1,
      removedLines: 1,
      diff: '@@ -1,1 +1,1 @@\n-a\n+b\n',
    },
  ],
};

/** The platform's /rpc as the command meets it: what is asked is written down, answers have the contract's shapes. */
async function platform(results: Record<string, unknown>) {
  const asked: { method: string; params: Record<string, unknown>; authorization: string | undefined }[] = [];
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const part of request) text += String(part);
    const { id, method, params } = JSON.parse(text);
    asked.push({ method, params, authorization: request.headers.authorization });
    const refused = {
      code: -32004,
      message: 'There is no such task.',
      data: { code: 'agents.task_unknown', hint: 'Look.' },
    };
    const answer = Object.hasOwn(results, method) ? { result: results[method] } : { error: refused };
    response.end(JSON.stringify({ jsonrpc: '2.0', id, ...answer }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const lines: string[] = [];
  const terminal: Terminal = {
    environment: {
      CDS_API_KEY: 'key',
      CDS_URL: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`,
    },
    language: 'en',
    print: (line) => lines.push(line),
    printError: (line) => lines.push(line),
  };
  return {
    asked,
    lines,
    terminal,
    run: (...argv: string[]) => run(argv, terminal),
    [Symbol.dispose]: () => void server.close(),
  };
}

test('dispatches, prints each step once, and the proposed change', async () => {
  const steps = [{ sequence: 1, at, kind: 'queued', data: { task: 'sum must add' } }];
  using it = await platform({
    'agent.dispatch': { taskId },
    'agent.status': task,
    'agent.history': { steps, more: false },
  });
  assert.equal(
    await it.run(
      ...['run', '--project', projectId, '--file', 'sum.js', '--command', 'npm test'],
      ...['--cost', '0.5', '--tokens', '9000', '--escalate-to', 'big/one', 'sum must add'],
    ),
    0,
  );
  assert.deepEqual(it.asked[0]?.params, {
    projectId,
    agent: 'code',
    task: 'sum must add',
    model: 'auto/code',
    files: ['sum.js'],
    budget: { tokens: 9000, cost: 500_000 },
    escalateTo: 'big/one',
    command: { command: 'npm', args: ['test'] },
  });
  assert.equal(it.asked[0]?.authorization, 'Bearer key');
  assert.match(
    it.lines.join('\n'),
    /03:04:05 {2}queued +sum must add[\s\S]*--- sum\.js[\s\S]*\+b[\s\S]*cds agent apply/,
  );
});

test('a failed task says what happened and what to do, in the language of the terminal', async () => {
  const problem = { code: 'agents.check_failed', data: { reason: 'npm test' } };
  const failed = { ...task, status: 'failed', changeState: 'none', changeSet: [], problem };
  using it = await platform({ 'agent.status': failed });
  assert.equal(await run(['status', taskId], { ...it.terminal, language: 'de' }), 1);
  assert.match(
    it.lines.at(-1) ?? '',
    /Prüfung nicht bestanden: npm test\. .*nichts geändert\. \[agents\.check_failed\]/,
  );
});

test('an export is printed page by page; apply insists only when told to', async () => {
  using it = await platform({
    'agent.export': { lines: ['{"format":"cds-agent-task"}', '{"kind":"queued"}'], next: null },
    'agent.apply': { written: ['a.js'], conflicts: [] },
  });
  assert.equal(await it.run('export', taskId), 0);
  assert.deepEqual(it.lines, ['{"format":"cds-agent-task"}', '{"kind":"queued"}']);
  await it.run('apply', taskId);
  await it.run('apply', taskId, '--insist');
  assert.deepEqual(
    it.asked.slice(1).map(({ params }) => params),
    [
      { taskId, insist: false },
      { taskId, insist: true },
    ],
  );
  assert.equal(await it.run('run', '--project', projectId, '--cost', 'much', 'x').catch(() => 9), 9);
});

test('conflicts and refusals end with exit code 1 and say why; no key, no call', async () => {
  const conflicts = [
    {
      path: 'a.js',
      reason: 'content',
      presentHash: null,
      hunks: [{ startLine: 3, base: '', present: '', proposed: '', contextBefore: '', contextAfter: '' }],
      merged: null,
    },
  ];
  using it = await platform({ 'agent.apply': { written: [], conflicts } });
  assert.equal(await it.run('apply', taskId), 1);
  assert.match(it.lines.join('\n'), /a\.js: content 3/);
  assert.equal(await it.run('replay', taskId), 1);
  assert.match(it.lines.at(-1) ?? '', /There is no such task\. Look\. \[agents\.task_unknown\]/);
  assert.equal(await it.run('frobnicate', taskId), 2);
  const bare = { ...it.terminal, environment: {} };
  await assert.rejects(run(['status', taskId], bare), (error) => isFault(error, 'common.unauthenticated'));
});
