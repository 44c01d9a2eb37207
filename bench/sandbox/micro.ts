import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { sandboxContract } from '@cyberdevstudio/server/modules/sandbox/contract.ts';
import { findImage } from '@cyberdevstudio/server/modules/sandbox/micro/images/layout.ts';
import { programMemoryBytes } from '@cyberdevstudio/server/modules/sandbox/micro/machine/arguments.ts';
import type { Machine } from '@cyberdevstudio/server/modules/sandbox/micro/machine/machine.ts';
import { machineKit, qemuBelow } from '@cyberdevstudio/server/modules/sandbox/micro/testing/machine-kit.ts';
import { microSkip, microWorld } from '@cyberdevstudio/server/modules/sandbox/micro/testing/micro-world.ts';

/**
 * The micro engine against its floors, medians of `rounds`, interleaved: micro.execute against the driver's own round trip; a
 * machine of the pool up to Python's answer against a cold Python of the host; a restore up to the first answer in processor
 * time; memory of ten machines; a restore against the cold boot.
 * `node bench/sandbox/micro.ts [rounds]`
 */
const rounds = Number(process.argv[2] ?? 5);
const skip = microSkip();
if (skip !== false) {
  process.stdout.write(`micro: skipped, ${skip}\n`);
  process.exit(0);
}

const run = promisify(execFile);
const python = 'print(1 + 1)';
const node = 'console.log(1 + 1)';

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}

function report(name: string, numbers: Record<string, number>, bar: string): void {
  const text = Object.entries(numbers)
    .map(([key, value]) => `${key} ${value.toFixed(2)}`)
    .join(' · ');
  process.stdout.write(`${name}: ${text} (bar: ${bar})\n`);
}

await using kit = await machineKit();
await using world = await microWorld({
  CDS_SANDBOX_MICRO_POOL: '1',
  CDS_SANDBOX_MICRO_MACHINES_PER_USER: '20',
});
const client = world.world.client(sandboxContract);
const image = findImage(await kit.machines.images(), 'python');
if (image === null) throw new Error('no image');
const request = { args: [], env: {}, cwd: '', memoryBytes: programMemoryBytes(256), processes: 256 };
const newMachine = () => kit.machines.start({ image, memoryMb: 256, cpuCores: 1 });

/** One program by the driver alone. Resolves with the processor time at the first output, in milliseconds. */
async function raw(machine: Machine, language: 'python' | 'javascript', code: string): Promise<number> {
  let cpuMs = 0;
  await machine.agent.run(
    { ...request, language, code },
    {
      onOutput() {
        if (cpuMs === 0) cpuMs = machine.usage().cpuMs;
      },
    },
  ).ended;
  return cpuMs;
}

async function executeAgainstDriver(): Promise<void> {
  await using machine = await newMachine();
  const { vmId } = await world.start();
  const [floor, ours] = [[] as number[], [] as number[]];
  for (let round = 0; round < rounds * 4; round += 1) {
    // Each machine has the same time to get the next process ready.
    await delay(1000);
    floor.push(await timed(() => raw(machine, 'python', python)));
    await delay(1000);
    ours.push(await timed(() => world.execute(vmId, python)));
  }
  await client.call('micro.stop', { vmId }, world.call());
  const [driver, measured] = [median(floor), median(ours)];
  report('micro.execute', { 'driver ms': driver, ms: measured, ratio: measured / driver }, 'ratio 1.3');
}

async function pooledStart(): Promise<void> {
  const [cold, ours] = [[] as number[], [] as number[]];
  for (let round = 0; round < rounds; round += 1) {
    while ((await world.list()).pooled === 0) await delay(100);
    cold.push(await timed(() => run('/usr/bin/python3', ['-c', python])));
    let vmId = '';
    ours.push(
      await timed(async () => {
        vmId = (await world.start({ script: python })).vmId;
      }),
    );
    await client.call('micro.stop', { vmId }, world.call());
  }
  const [floor, measured] = [median(cold), median(ours)];
  const numbers = { 'native cold Python ms': floor, ms: measured, ratio: measured / floor };
  report('start from the pool to the answer', numbers, 'ratio 2');
}

async function restoreToAnswer(): Promise<void> {
  const cpu = { python: [] as number[], javascript: [] as number[] };
  const restores: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    for (const [language, code] of [
      ['python', python],
      ['javascript', node],
    ] as const) {
      let machine: Machine | undefined;
      restores.push(
        await timed(async () => {
          machine = await newMachine();
        }),
      );
      if (machine === undefined) continue;
      cpu[language].push(await raw(machine, language, code));
      await machine[Symbol.asyncDispose]();
    }
  }
  report('restore to Python’s answer', { 'processor ms': median(cpu.python) }, '300 ms');
  report('restore to Node’s answer', { 'processor ms': median(cpu.javascript) }, '700 ms');
  if (image === null) return;
  const { bootMs } = await kit.machines.template(image, 256);
  const restore = median(restores);
  report(
    'restore against a cold boot',
    { 'boot ms': bootMs, ms: restore, times: bootMs / restore },
    '10 times',
  );
}

/** Proportional share of a process's memory, in MiB (proc(5), smaps_rollup). */
function shareMb(processId: number): number {
  const text = readFileSync(`/proc/${processId}/smaps_rollup`, 'utf8');
  return Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) / 1024;
}

async function tenAtOnce(): Promise<void> {
  const machines = await Promise.all(Array.from({ length: 10 }, newMachine));
  const tookMs = await timed(() => Promise.all(machines.map((machine) => raw(machine, 'python', python))));
  const shares = (await qemuBelow(process.pid)).map(shareMb);
  report(
    'ten at once',
    { machines: shares.length, 'all answered ms': tookMs, 'MiB each': median(shares) },
    '45 MiB',
  );
  await Promise.all(machines.map((machine) => machine[Symbol.asyncDispose]()));
}

/** The same arithmetic in a guest and on the host. */
async function arithmetic(): Promise<void> {
  const code = 'x = 0\nfor i in range(300000): x += i * i % 7';
  await using machine = await newMachine();
  const [host, guest] = [[] as number[], [] as number[]];
  for (let round = 0; round < rounds; round += 1) {
    const empty = await timed(() => run('/usr/bin/python3', ['-c', 'pass']));
    host.push((await timed(() => run('/usr/bin/python3', ['-c', code]))) - empty);
    guest.push(await timed(() => raw(machine, 'python', code)));
  }
  const [native, measured] = [median(host), median(guest)];
  report(
    'arithmetic',
    { 'native ms': native, 'guest ms': measured, times: measured / native },
    'none, told to users',
  );
}

await executeAgainstDriver();
await pooledStart();
await restoreToAnswer();
await tenAtOnce();
await arithmetic();
