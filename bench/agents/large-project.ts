// A task in a project of 50,000 files (or as many as asked for), end to end: the first index, from dispatch to the
// first call of the model, each step after it, applying, taking back; and the copy alone against cp.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { agentWorld } from '@cyberdevstudio/server/modules/agents/testing/agent-world.ts';
import type { Asked, Said } from '@cyberdevstudio/server/modules/agents/testing/scripted-provider.ts';
import { searchContract } from '@cyberdevstudio/server/modules/search/contract.ts';

const filesPerFolder = 100;
const edits = 5;
const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

function makeLargeProject(root: string, folders: number): void {
  for (let folder = 0; folder < folders; folder += 1) {
    mkdirSync(path.join(root, `src/part${folder}`), { recursive: true });
    for (let file = 0; file < filesPerFolder; file += 1) {
      const seed = folder * 1000 + file;
      const lines = Array.from(
        { length: seed % 60 },
        (_, line) => `export const constant${seed}_${line} = helper(${line}, 'text ${seed}');`,
      );
      const text = `export function compute${seed}(value) {\n  return value * ${seed};\n}\n${lines.join('\n')}\n`;
      writeFileSync(path.join(root, `src/part${folder}/file${file}.js`), text);
    }
  }
}

/** Wall time, and the CPU that this process took for it. */
async function measured(run: () => Promise<unknown> | unknown): Promise<{ wallMs: number; cpuMs: number }> {
  const startMs = performance.now();
  const cpu = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(cpu);
  return { wallMs: performance.now() - startMs, cpuMs: (user + system) / 1000 };
}

/** Resident now, and the most since the last look. */
function residentMb(): string {
  const status = readFileSync('/proc/self/status', 'utf8');
  const read = (name: string) =>
    Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024);
  const told = `${read('VmRSS')} MB, at most ${read('VmHWM')} MB`;
  // Begins the highest mark anew (proc(5)).
  writeFileSync('/proc/self/clear_refs', '5');
  return told;
}

export async function measureLargeProject(say: (line: string) => void, files = 50_000): Promise<void> {
  const folders = Math.ceil(files / filesPerFolder);
  const calls: number[] = [];
  const script = ({ tools, index, messages }: Asked): Said => {
    if (tools.length === 0) return { text: 'ok' };
    calls.push(performance.now());
    // By what the conversation holds: a task that begins again, after its process was gone or held up, begins here as well.
    const turn = messages.filter(({ role }) => role === 'tool').length;
    if (turn < edits) {
      const file = `src/part${turn}/file1.js`;
      const content = `export function compute${turn}001(value) {\n  return value + ${index};\n}\n`;
      return { tool: 'write_file', input: { path: file, content } };
    }
    return { tool: 'finish', input: { summary: 'done' } };
  };
  await using at = await agentWorld({}, script, {
    CDS_SEARCH_INDEX_WAIT_MS: '30000',
    CDS_AGENTS_PARALLEL: '1',
  });
  makeLargeProject(at.workspace, folders);
  say(`memory before: ${residentMb()}`);
  const search = at.world.client(searchContract);
  const ask = () =>
    search.call(
      'search.map',
      { projectId: at.projectId, query: 'compute41007', limitCharacters: 12_000 },
      at.world.call(at.owner),
    );
  const index = await measured(async () => {
    await ask();
    for (;;) {
      const { state, files } = await search.call(
        'search.status',
        { projectId: at.projectId },
        at.world.call(at.owner),
      );
      if (state === 'ready' && files >= folders * filesPerFolder) return;
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
  });
  say(
    `first index of ${folders * filesPerFolder} files: ${seconds(index.wallMs)}, CPU ${seconds(index.cpuMs)} beside the database; ${residentMb()}`,
  );
  const map = await measured(ask);
  say(`map afterwards: ${map.wallMs.toFixed(0)} ms, CPU ${map.cpuMs.toFixed(0)} ms`);
  for (const name of ['first', 'second']) {
    calls.length = 0;
    let taskId = '';
    const startMs = performance.now();
    const task = await measured(async () => {
      const ended = await at.run({ agent: 'code', mode: 'tools', task: 'Improve compute41007' });
      taskId = ended.taskId;
      if (ended.status === 'completed') return;
      const kinds = (await at.steps(taskId)).map(({ kind, at: time }) => `${time} ${kind}`);
      throw new Error(`${JSON.stringify(ended.problem)}: ${kinds.join(', ')}`);
    });
    const steps = calls.slice(1, edits).map((atMs, place) => atMs - (calls[place] ?? 0));
    const [apply, rollback] = [
      await measured(() => at.call('agent.apply', { taskId })),
      await measured(() => at.call('agent.rollback', { taskId })),
    ];
    say(
      `${name} task: ${seconds((calls[0] ?? 0) - startMs)} to the first call of the model, ` +
        `${Math.max(...steps).toFixed(0)} ms for the slowest of ${steps.length} steps, ${seconds(task.wallMs)} in all (CPU ${seconds(task.cpuMs)}); ` +
        `apply ${apply.wallMs.toFixed(0)} ms, rollback ${rollback.wallMs.toFixed(0)} ms; ${residentMb()}`,
    );
  }
  const copy = await measured(() =>
    execFileSync('cp', ['-a', '--reflink=auto', at.workspace, path.join(at.area, 'copied')]),
  );
  say(`cp -a of the project: ${seconds(copy.wallMs)}`);
}
