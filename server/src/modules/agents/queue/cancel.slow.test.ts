import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { listen } from '#kernel/listen.ts';
import { startPlatform } from '#kernel/platform.ts';
import { eventually } from '#kernel/testing/eventually.ts';
import { agentsContract } from '../contract.ts';
import { agentModules, agentWorld } from '../testing/agent-world.ts';

/** Begun on a machine under load, a program can take long to start; ended it must be at once. */
const patienceMs = 120_000;
const rounds = 3;

/** Processes of this machine, also those in sandboxes, that were started with a word. */
function processesWith(word: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return false;
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(word);
    } catch {
      return false;
    }
  });
}

const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

test('cancelling ends the model call and every program within a second, down to the last process', async (t) => {
  const mark = `hold-${randomUUID()}`;
  const child = `require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)', '${mark}'], { detached: true, stdio: 'ignore' }); setInterval(() => {}, 1e6);`;
  await using at = await agentWorld({ 'hold.cjs': child }, ({ all }) =>
    all.includes('PROGRAM')
      ? { tool: 'run', input: { command: 'node', args: ['hold.cjs', mark] } }
      : { hang: true },
  );
  const programs: number[] = [];
  const calls: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const program = await at.dispatch({ task: 'PROGRAM' });
    // The program and the one that it has started and let go of.
    await eventually(() => assert.ok(processesWith(mark).length >= 2), patienceMs);
    let startMs = performance.now();
    assert.equal((await at.call('agent.cancel', { taskId: program })).status, 'cancelled');
    await eventually(() => assert.deepEqual(processesWith(mark), []), patienceMs);
    programs.push(performance.now() - startMs);

    const asking = await at.dispatch({ task: 'ASK' });
    await eventually(() => assert.equal(at.provider.open, 1), patienceMs);
    startMs = performance.now();
    await at.call('agent.cancel', { taskId: asking });
    await eventually(() => assert.equal(at.provider.open, 0), patienceMs);
    calls.push(performance.now() - startMs);
    assert.equal((await at.settled(asking)).status, 'cancelled');
  }
  t.diagnostic(`programs ${programs.map(Math.round)} ms, model calls ${calls.map(Math.round)} ms`);
  assert.ok(median(programs) < 1_000 && median(calls) < 1_000);
  await eventually(() => assert.deepEqual(readdirSync(path.join(at.area, 'worktrees')), []), patienceMs);
});

test('a task is cancelled from another process, also when the event that says so is lost', async (t) => {
  await using at = await agentWorld({ 'a.txt': 'a\n' }, () => ({ hang: true }), {}, { alone: false });
  await using other = await startPlatform({
    service: 'other',
    modules: agentModules,
    knownModules: agentModules,
    alone: false,
    environment: {
      CDS_DATA_DIR: at.world.dataDir,
      DATABASE_URL: at.world.database.connectionString,
      CDS_LOG_LEVEL: 'silent',
      CDS_LOG_FILE: 'false',
      CDS_LLM_OLLAMA_URL: '',
    },
  });
  await listen(other, { service: 'other', modules: [], port: 0 });
  const elsewhere = other.composition.clientFor(agentsContract);
  for (const eventIsLost of [false, true]) {
    const taskId = await at.dispatch({ mode: 'steps', files: ['a.txt'] });
    await eventually(() => assert.equal(at.provider.open, 1), patienceMs);
    const startMs = performance.now();
    if (eventIsLost)
      await at.world.database.execute({
        text: `update agents.task set status = 'cancelled', finished_at = now() where task_id = $1`,
        values: [taskId],
      });
    else await elsewhere.call('agent.cancel', { taskId }, at.world.call(at.owner));
    await eventually(() => assert.equal(at.provider.open, 0), patienceMs);
    t.diagnostic(
      `${eventIsLost ? 'without' : 'with'} the event ${Math.round(performance.now() - startMs)} ms`,
    );
  }
});
