import assert from 'node:assert/strict';
import test from 'node:test';
import { projectsContract } from '#modules/projects/contract.ts';
import { sandboxContract } from '#modules/sandbox/contract.ts';
import { agentsContract } from '../contract.ts';
import { agentWorld } from '../testing/agent-world.ts';
import type { Asked, Said } from '../testing/scripted-provider.ts';
import { type EvalPlatform, type EvalResult, evaluate } from './evaluate.ts';
import { summarize } from './summary.ts';
import { type EvalTask, parseTask, readEvalTasks } from './task-file.ts';

const tasks = readEvalTasks();

async function run(script: (asked: Asked) => Said): Promise<EvalResult[]> {
  await using at = await agentWorld({}, script, { CDS_AGENTS_PARALLEL: '2' });
  const { world, owner } = at;
  const platform: EvalPlatform = {
    projects: {
      call: (method, params) => world.client(projectsContract).call(method, params, world.call(owner)),
    },
    sandbox: {
      call: (method, params) => world.client(sandboxContract).call(method, params, world.call(owner)),
    },
    agents: {
      call: (method, params) => world.client(agentsContract).call(method, params, world.call(owner)),
    },
  };
  const before = await platform.projects.call('project.list', {});
  const results = await evaluate(platform, tasks, {
    model: 'scripted/strong',
    mode: 'steps',
    parallel: 2,
    budget: { tokens: 200_000, seconds: 600 },
    onResult: () => undefined,
  });
  const after = await platform.projects.call('project.list', {});
  assert.equal(after.projects.length, before.projects.length);
  return results;
}

const taskOf = (all: string): EvalTask =>
  tasks.find(({ task }) => all.includes(task)) ?? assert.fail(`no task: ${all.slice(0, 500)}`);

/** The answer that the task itself holds: a file, a choice of files, or what a review reports. */
function reference({ all }: Asked): Said {
  const { answer, report } = taskOf(all);
  if (all.includes('Choose at most')) {
    const [wanted = ''] = Object.keys(answer);
    const number = new RegExp(`^(\\d+)\\. ${wanted.replaceAll('.', '\\.')}`, 'm').exec(all)?.[1];
    return { text: `{"files":[${number}]}` };
  }
  const [, path = ''] = /whole new content of `([^`]+)`/.exec(all) ?? [];
  const [reported] = Object.values(report);
  return { text: reported ?? `\`\`\`\`\n${answer[path] ?? ''}\`\`\`\`` };
}

test('at least 40 tasks for all agents in JavaScript, TypeScript, Python, HTML and CSS', () => {
  assert.ok(tasks.length >= 40);
  assert.equal(new Set(tasks.map(({ agent }) => agent)).size, 6);
  const endings = new Set(
    tasks.flatMap(({ repo, answer }) =>
      Object.keys({ ...repo, ...answer }).map((path) => path.split('.').pop()),
    ),
  );
  for (const ending of ['js', 'ts', 'py', 'html', 'css']) assert.ok(endings.has(ending), ending);
  assert.equal(new Set(tasks.map(({ task }) => task)).size, tasks.length);
  assert.throws(() => parseTask('x', 'agent: code\ntask: y\ncheck: true\n'), /lacks/);
});

test('the reference answers pass every task', async () => {
  const results = await run(reference);
  assert.deepEqual(
    results.filter(({ passed }) => !passed),
    [],
  );
  const all = summarize(results).at(-1);
  assert.deepEqual([all?.agent, all?.tasks, all?.passed], ['all', tasks.length, tasks.length]);
  assert.ok((all?.tokens ?? 0) > 0);
});

test('a model that does nothing fails every task', async () => {
  const results = await run(() => ({ text: 'I am done.' }));
  assert.deepEqual(
    results.filter(({ passed }) => passed).map(({ id }) => id),
    [],
  );
});
