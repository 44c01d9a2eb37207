import { randomUUID } from 'node:crypto';
import { testWorld } from '@cyberdevstudio/server/kernel/testing/world.ts';
import { auth } from '@cyberdevstudio/server/modules/auth/module.ts';
import { ledger } from '@cyberdevstudio/server/modules/ledger/module.ts';
import { projectsContract } from '@cyberdevstudio/server/modules/projects/contract.ts';
import { projects } from '@cyberdevstudio/server/modules/projects/module.ts';
import { sandboxContract } from '@cyberdevstudio/server/modules/sandbox/contract.ts';
import { sandbox } from '@cyberdevstudio/server/modules/sandbox/module.ts';

/**
 * One user's eight endless loops beside another user's call, against the same call alone; medians of `rounds`.
 * `node bench/sandbox/hogs.ts [rounds]`
 */
const rounds = Number(process.argv[2] ?? 7);

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0;
}

await using world = await testWorld([auth, ledger, projects, sandbox]);
const client = world.client(sandboxContract);
const callOf = (userId: string) => () => world.call({ userId });
const [modest, greedy] = [callOf(randomUUID()), callOf(randomUUID())];
const newProject = async (call: typeof modest) =>
  (await world.client(projectsContract).call('project.create', { name: 'bench' }, call())).id;
const [own, other] = [await newProject(modest), await newProject(greedy)];

/** About 0.2 s of work. */
async function work(): Promise<number> {
  const startedMs = performance.now();
  const args = ['-c', 'sum(range(6_000_000))'];
  await client.call('run.exec', { projectId: own, command: 'python3', args }, modest());
  return performance.now() - startedMs;
}

const alone: number[] = [];
const beside: number[] = [];
for (let round = 0; round < rounds; round += 1) {
  alone.push(await work());
  const leaving = new AbortController();
  const hogs = Array.from({ length: 8 }, () =>
    client
      .call(
        'run.exec',
        { projectId: other, command: 'python3', args: ['-c', 'while True: pass'], timeoutMs: 60_000 },
        { ...greedy(), signal: leaving.signal },
      )
      .catch(() => undefined),
  );
  await new Promise((resolve) => setTimeout(resolve, 1500));
  beside.push(await work());
  leaving.abort();
  await Promise.all(hogs);
}
const [quiet, loud] = [median(alone), median(beside)];
process.stdout.write(
  `beside eight hogs of another: alone ms ${quiet.toFixed(0)} · beside ms ${loud.toFixed(0)} · ratio ${(loud / quiet).toFixed(2)} (bar: ratio 3)\n`,
);
