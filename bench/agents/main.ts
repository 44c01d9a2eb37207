// What agents cost beside the model: each step of the loop against the bare call of the model server, applying, rolling
// back, replay. `--large` measures a task in a project of 50,000 files instead, or of `--files`.
import { agentWorld } from '@cyberdevstudio/server/modules/agents/testing/agent-world.ts';
import type { Said } from '@cyberdevstudio/server/modules/agents/testing/scripted-provider.ts';
import { llmContract } from '@cyberdevstudio/server/modules/llm/contract.ts';
import { median } from '../support/median.ts';
import { measureLargeProject } from './large-project.ts';
import { type Mode, measureRecovery } from './recovery.ts';

const steps = 20;
const rounds = 5;
const say = (line: string) => process.stdout.write(`${line}\n`);

async function timed(run: () => Promise<unknown> | unknown): Promise<number> {
  const startMs = performance.now();
  await run();
  return performance.now() - startMs;
}

async function measureSteps(): Promise<void> {
  const lines = Array.from({ length: 200 }, (_, index) => `line ${index}`).join('\n');
  const script = ({ index, tools }: { index: number; tools: readonly string[] }): Said => {
    if (tools.length === 0) return { text: 'ok' };
    const turn = index % (steps + 2);
    if (turn < steps) return { tool: 'read_file', input: { path: 'a.txt', firstLine: turn + 1, lines: 2 } };
    if (turn === steps) return { tool: 'write_file', input: { path: 'b.txt', content: `${index}\n` } };
    return { tool: 'finish', input: { summary: 'done' } };
  };
  await using at = await agentWorld({ 'a.txt': lines }, script);
  const llm = at.world.client(llmContract);
  const model = 'scripted/strong';
  const bare = () =>
    llm.call('llm.chat', { model, messages: [{ role: 'user', content: 'x' }] }, at.world.call(at.owner));
  const results = {
    step: [] as number[],
    floor: [] as number[],
    apply: [] as number[],
    rollback: [] as number[],
    replay: [] as number[],
  };
  let rest = 0;
  for (let round = 0; round <= rounds; round += 1) {
    // Calls without tools would shift the script's turns, so the floor is measured in whole turns of it.
    const floorMs = await timed(async () => {
      for (let call = 0; call < steps + 2; call += 1) await bare();
    });
    let taskId = '';
    const taskMs = await timed(async () => {
      const task = await at.run({ agent: 'doc', mode: 'tools', task: 'Read' });
      if (task.status !== 'completed') throw new Error(JSON.stringify(task.problem));
      taskId = task.taskId;
    });
    const applyMs = await timed(() => at.call('agent.apply', { taskId }));
    const rollbackMs = await timed(() => at.call('agent.rollback', { taskId }));
    const replayMs = await timed(() => at.steps(taskId));
    if (round === 0) continue;
    rest += 1;
    results.floor.push(floorMs / (steps + 2));
    results.step.push(taskMs / (steps + 2));
    results.apply.push(applyMs);
    results.rollback.push(rollbackMs);
    results.replay.push(replayMs);
  }
  const [step, floor] = [median(results.step), median(results.floor)];
  say(
    `a step of the loop, its copy and checks included (${rest} tasks of ${steps + 2} steps): ${step.toFixed(1)} ms; the bare model call ${floor.toFixed(1)} ms; ratio ${(step / floor).toFixed(2)}`,
  );
  say(
    `apply of one file ${median(results.apply).toFixed(1)} ms, rollback ${median(results.rollback).toFixed(1)} ms, reading the log of ${steps + 2} steps ${median(results.replay).toFixed(1)} ms`,
  );
}

const option = (name: string) =>
  process.argv.find((argument) => argument.startsWith(`--${name}=`))?.slice(name.length + 3);

/** `--recovery` measures only that; `--every=3`, `--strikes=1,2` and `--only=elision` make it smaller. */
async function recovery(): Promise<void> {
  const only = option('only')?.split(',') ?? [];
  const every = Number(option('every') ?? 1);
  const modes = (option('modes') ?? 'steps,tools').split(',') as Mode[];
  const given = option('strikes')?.split(',').map(Number);
  for (const mode of modes)
    await measureRecovery({
      mode,
      strikes: given ?? (mode === 'steps' ? [1, 2, 4] : [1, 2]),
      every,
      only,
      say,
    });
}

if (process.argv.includes('--recovery')) await recovery();
else if (process.argv.includes('--large')) await measureLargeProject(say, Number(option('files') ?? 50_000));
else await measureSteps();
