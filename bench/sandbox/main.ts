import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { testWorld } from '@cyberdevstudio/server/kernel/testing/world.ts';
import { auth } from '@cyberdevstudio/server/modules/auth/module.ts';
import { ledger } from '@cyberdevstudio/server/modules/ledger/module.ts';
import { projectsContract } from '@cyberdevstudio/server/modules/projects/contract.ts';
import { projects } from '@cyberdevstudio/server/modules/projects/module.ts';
import { sandboxContract } from '@cyberdevstudio/server/modules/sandbox/contract.ts';
import { bubblewrapArguments } from '@cyberdevstudio/server/modules/sandbox/engine/arguments.ts';
import { prepareHostView } from '@cyberdevstudio/server/modules/sandbox/engine/host-view.ts';
import { sandbox } from '@cyberdevstudio/server/modules/sandbox/module.ts';
import { bareEcho, sandboxEcho } from './echo.ts';
import { bareRun, floorWorks } from './floor.ts';

/**
 * The run engine against its floors, interleaved, medians of `rounds`: run.exec against the same bubblewrap and
 * control groups by hand; a key's echo against a bare terminal; a neighbour's call beside a fork bomb against one without;
 * how late a time-out ends what ignores signals.
 * `node bench/sandbox/main.ts [rounds]`
 */
const rounds = Number(process.argv[2] ?? 9);
const perRound = 10;

await using world = await testWorld([auth, ledger, projects, sandbox]);
const client = world.client(sandboxContract);
const users = [randomUUID(), randomUUID()] as const;
const [own, neighbour] = users.map((userId) => () => world.call({ userId })) as [
  () => ReturnType<typeof world.call>,
  () => ReturnType<typeof world.call>,
];
const newProject = async (call: typeof own) =>
  (await world.client(projectsContract).call('project.create', { name: 'bench' }, call())).id;
const projectId = await newProject(own);
const otherProjectId = await newProject(neighbour);
const workspacePath = path.join(world.dataDir, 'projects', projectId, 'workspace');

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}

async function medianOf(work: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let index = 0; index < perRound; index += 1) times.push(await timed(work));
  return median(times);
}

function report(name: string, numbers: Record<string, number>, bar: string): void {
  const text = Object.entries(numbers)
    .map(([key, value]) => `${key} ${value.toFixed(2)}`)
    .join(' · ');
  process.stdout.write(`${name}: ${text} (bar: ${bar})\n`);
}

async function execAgainstFloor(): Promise<void> {
  if (!floorWorks()) {
    process.stdout.write('run.exec: skipped, the floor needs writable cgroup 1 hierarchies\n');
    return;
  }
  const view = await prepareHostView({
    folder: path.join(world.dataDir, 'floor'),
    nodeBinary: process.execPath,
    typescript: null,
  });
  const shape = { workspacePath, cwd: '', env: {}, memoryBytes: 2 ** 28, terminal: false, mounts: [] };
  const args = bubblewrapArguments(view, shape);
  const exec = (command: readonly [string, ...string[]]) => async () => {
    const [program, ...rest] = command;
    const result = await client.call('run.exec', { projectId, command: program, args: rest }, own());
    if (result.exitCode !== 0) throw new Error(result.stderr);
  };
  for (const command of [['true'], ['python3', '-c', 'print(1)']] as const) {
    const floor: number[] = [];
    const ours: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      floor.push(await medianOf(() => bareRun(args, command)));
      ours.push(await medianOf(exec(command)));
    }
    report(
      `run.exec ${command[0]}`,
      { 'floor ms': median(floor), ms: median(ours), ratio: median(ours) / median(floor) },
      'ratio 1.5',
    );
  }
}

async function echoAgainstBare(): Promise<void> {
  await using bare = bareEcho();
  await using ours = await sandboxEcho(client, { projectId, call: own });
  const times = { bare: [] as number[], ours: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    for (let index = 0; index < 50; index += 1) {
      times.bare.push(await bare.roundTrip());
      times.ours.push(await ours.roundTrip());
    }
  }
  const [floor, measured] = [median(times.bare), median(times.ours)];
  report('terminal echo', { 'floor ms': floor, ms: measured, ratio: measured / floor }, 'ratio 2');
}

async function besideForkBomb(): Promise<void> {
  const call = () => client.call('run.exec', { projectId, command: 'python3', args: ['-c', 'pass'] }, own());
  const bomb = 'import os\nwhile True:\n  try: os.fork()\n  except OSError: pass';
  const alone: number[] = [];
  const beside: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    alone.push(await medianOf(call));
    let bombing = true;
    const bombs = (async () => {
      while (bombing) {
        const request = {
          projectId: otherProjectId,
          command: 'python3',
          args: ['-c', bomb],
          timeoutMs: 2000,
        };
        await client.call('run.exec', request, neighbour());
      }
    })();
    beside.push(await medianOf(call));
    bombing = false;
    await bombs;
  }
  const [quiet, loud] = [median(alone), median(beside)];
  report('beside a fork bomb', { 'alone ms': quiet, 'beside ms': loud, ratio: loud / quiet }, 'ratio 3');
}

async function lateAtTimeout(): Promise<void> {
  const line = `trap "" TERM INT HUP; setsid sh -c 'trap "" TERM; while :; do sleep 1; done' & while :; do sleep 1; done`;
  const late: number[] = [];
  for (let round = 0; round < rounds * 2; round += 1) {
    const request = { projectId, command: 'sh', args: ['-c', line], timeoutMs: 200 };
    late.push((await timed(() => client.call('run.exec', request, own()))) - 200);
  }
  report('late at a time-out', { 'median ms': median(late), 'most ms': Math.max(...late) }, 'most 300 ms');
}

await execAgainstFloor();
await echoAgainstBare();
await besideForkBomb();
await lateAtTimeout();
