import { randomUUID } from 'node:crypto';
import { testWorld } from '@cyberdevstudio/server/kernel/testing/world.ts';
import { auth } from '@cyberdevstudio/server/modules/auth/module.ts';
import { ledger } from '@cyberdevstudio/server/modules/ledger/module.ts';
import { projectsContract } from '@cyberdevstudio/server/modules/projects/contract.ts';
import { projects } from '@cyberdevstudio/server/modules/projects/module.ts';
import { sandboxContract } from '@cyberdevstudio/server/modules/sandbox/contract.ts';
import { sandbox } from '@cyberdevstudio/server/modules/sandbox/module.ts';
import { buildAssemblyScript } from '@cyberdevstudio/server/modules/sandbox/testing/toolchains.ts';
import { i32, moduleOf, types } from '@cyberdevstudio/server/modules/sandbox/testing/wasm-module.ts';
import {
  fuelExport,
  meterModule,
  pageLimitExport,
  startExport,
} from '@cyberdevstudio/server/modules/sandbox/wasm/host/meter.ts';

import { hostsCpuMs } from './host-cpu.ts';

/**
 * The wasm engine against V8 without meter, interleaved, medians of `rounds`: metered code against the same code as it was
 * (a sieve, an arithmetic loop, the tightest loop there is), and a warm wasm.call against a direct instance and call. Processor
 * time is that of the server and of the host's threads together, over many calls: one alone is shorter than what can be told apart.
 * `node bench/sandbox/wasm.ts [rounds]`
 */
const rounds = Number(process.argv[2] ?? 9);

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0;
}

function report(name: string, numbers: Record<string, number>, bar: string): void {
  const text = Object.entries(numbers)
    .map(([key, value]) => `${key} ${value.toFixed(2)}`)
    .join(' · ');
  process.stdout.write(`${name}: ${text} (bar: ${bar})\n`);
}

const noFunctions = { env: { abort: () => undefined, 'console.log': () => undefined, seed: () => 0 } };

function instanceOf(bytes: Uint8Array): (name: string) => (value: number) => unknown {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(bytes)), noFunctions);
  const fuel = exports[fuelExport];
  const pages = exports[pageLimitExport];
  if (fuel instanceof WebAssembly.Global) fuel.value = 2n ** 60n;
  if (pages instanceof WebAssembly.Global) pages.value = 16_384;
  const start = exports[startExport];
  if (typeof start === 'function') start();
  return (name) => exports[name] as (value: number) => unknown;
}

/** Counts down; `body` is done in each round. */
function counting(body: readonly number[]): Buffer {
  return moduleOf({
    functions: [
      {
        params: [types.i32],
        results: [types.i32],
        locals: [types.i32],
        exported: 'count',
        code: [0x03, 0x40, ...body, 0x20, 0, ...i32(1), 0x6b, 0x22, 0, 0x0d, 0, 0x0b, 0x20, 1],
      },
    ],
  });
}
// local1 = (local1 * 31 + local0) ^ (local1 >> 3), four times
const arithmetic = [0x20, 1, ...i32(31), 0x6c, 0x20, 0, 0x6a, 0x20, 1, ...i32(3), 0x76, 0x73, 0x21, 1];

const sieve = await buildAssemblyScript('sieve.as.ts');
const programs = [
  ['sieve', sieve, 'countPrimes', 3_000_000, 'ratio 1.2'],
  [
    'arithmetic loop',
    counting([...arithmetic, ...arithmetic, ...arithmetic, ...arithmetic]),
    'count',
    30_000_000,
    'ratio 1.2',
  ],
  ['tightest loop', counting([]), 'count', 200_000_000, 'ratio 2.2'],
] as const;

for (const [name, bytes, entry, amount, bar] of programs) {
  const bare = instanceOf(bytes)(entry);
  const metered = instanceOf(meterModule(bytes).bytes)(entry);
  const times = { bare: [] as number[], metered: [] as number[] };
  bare(amount / 10);
  metered(amount / 10);
  for (let round = 0; round < rounds; round += 1) {
    for (const [kind, work] of [
      ['bare', bare],
      ['metered', metered],
    ] as const) {
      const before = process.cpuUsage();
      work(amount);
      const used = process.cpuUsage(before);
      times[kind].push((used.user + used.system) / 1000);
    }
  }
  const [floor, ours] = [median(times.bare), median(times.metered)];
  report(`metered ${name}, CPU`, { 'floor ms': floor, ms: ours, ratio: ours / floor }, bar);
}

await using world = await testWorld([auth, ledger, projects, sandbox]);
const client = world.client(sandboxContract);
const userId = randomUUID();
const call = () => world.call({ userId });
const created = await world.client(projectsContract).call('project.create', { name: 'bench' }, call());
const { moduleId } = await client.call(
  'wasm.load',
  { projectId: created.id, bytes: sieve.toString('base64') },
  call(),
);
const compiled = new WebAssembly.Module(new Uint8Array(sieve));
for (const amount of [10, 300_000, 3_000_000]) {
  const direct = () => {
    const { exports } = new WebAssembly.Instance(compiled, noFunctions);
    return (exports.countPrimes as (value: number) => unknown)(amount);
  };
  const warm = () => client.call('wasm.call', { moduleId, function: 'countPrimes', args: [amount] }, call());
  await warm();
  const times = {
    direct: [] as number[],
    warm: [] as number[],
    directCpu: [] as number[],
    warmCpu: [] as number[],
  };
  const calls = amount < 1000 ? 200 : 5;
  for (let round = 0; round < rounds; round += 1) {
    for (const [kind, work] of [
      ['direct', direct],
      ['warm', warm],
    ] as const) {
      // Looking at the hosts takes time of this process too, so that stays outside.
      const hostsBefore = hostsCpuMs();
      const [startedMs, before] = [performance.now(), process.cpuUsage()];
      for (let index = 0; index < calls; index += 1) await work();
      times[kind].push((performance.now() - startedMs) / calls);
      const { user, system } = process.cpuUsage(before);
      const ownMs = (user + system) / 1000;
      times[`${kind}Cpu`].push((ownMs + hostsCpuMs() - hostsBefore) / calls);
    }
  }
  const [floor, ours] = [median(times.direct), median(times.warm)];
  const [floorCpu, oursCpu] = [median(times.directCpu), median(times.warmCpu)];
  report(
    `warm wasm.call of countPrimes(${amount})`,
    {
      ...{ 'direct ms': floor, ms: ours, ratio: ours / floor },
      ...{ 'direct CPU ms': floorCpu, 'CPU ms': oursCpu, 'CPU ratio': oursCpu / floorCpu },
    },
    'ratio 1.5',
  );
}
