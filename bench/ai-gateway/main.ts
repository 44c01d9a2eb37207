// The AI gateway against Portkey's on the same machine, interleaved: requests a second with every request reserved,
// settled and stored, time added to a request at one connection, CPU for each chunk of a stream.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import autocannon from 'autocannon';

const rounds = Number(process.env.BENCH_ROUNDS ?? 5);
const seconds = Number(process.env.BENCH_SECONDS ?? 3);
const chunksPerStream = 200;
const ticksPerSecond = 100;

interface Target {
  readonly name: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly model: string;
  readonly child: ChildProcess;
}

async function startOwn(
  argv: readonly string[],
): Promise<{ child: ChildProcess; port: string; token: string }> {
  const script = fileURLToPath(new URL('./targets.ts', import.meta.url));
  const child = spawn(process.execPath, [script, ...argv], { stdio: ['pipe', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: child.stdout })) {
    const [word, port = '', token = ''] = line.split(' ');
    if (word === 'ready') return { child, port, token };
  }
  throw new Error(`${argv.join(' ')} ended before it was ready`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function startPortkey(upstreamUrl: string): Promise<Target> {
  const folder = path.dirname(createRequire(import.meta.url).resolve('@portkey-ai/gateway/package.json'));
  const port = await freePort();
  const child = spawn(
    process.execPath,
    [
      '--import',
      fileURLToPath(new URL('./mutable-answers.ts', import.meta.url)),
      path.join(folder, 'build/start-server.js'),
      `--port=${port}`,
      '--headless',
    ],
    {
      stdio: ['ignore', 'ignore', 'ignore'],
      env: { ...process.env, NODE_ENV: 'production', TRUSTED_CUSTOM_HOSTS: '127.0.0.1,localhost' },
    },
  );
  const target = {
    name: 'portkey',
    url: `http://127.0.0.1:${port}/v1/chat/completions`,
    headers: {
      authorization: 'Bearer none',
      'x-portkey-provider': 'openai',
      'x-portkey-custom-host': `${upstreamUrl}/v1`,
    },
    model: 'm',
    child,
  };
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const answer = await ask(target).catch(() => undefined);
    if (answer?.ok === true) return target;
    if (answer !== undefined && attempt > 20)
      throw new Error(`Portkey answers ${answer.status}: ${await answer.text()}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('Portkey did not start');
}

function bodyFor({ model }: Target, stream: boolean): string {
  return JSON.stringify({
    model,
    messages: [{ role: 'user', content: 'Say four words.' }],
    max_tokens: 50,
    stream,
  });
}

function ask(target: Target): Promise<Response> {
  return fetch(target.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...target.headers },
    body: bodyFor(target, false),
  });
}

/** CPU time so far of a process and of those it started (its database), in seconds. */
function cpuSeconds(child: ChildProcess): number {
  const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

interface Measure {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly cpuMicros: number;
}

async function load(target: Target, connections: number, stream: boolean): Promise<Measure> {
  const latencies: number[] = [];
  let failures = 0;
  const before = cpuSeconds(target.child);
  await new Promise<void>((resolve, reject) => {
    const options = {
      url: target.url,
      method: 'POST' as const,
      connections,
      duration: seconds,
      headers: { 'content-type': 'application/json', ...target.headers },
      body: bodyFor(target, stream),
    };
    const instance = autocannon(options, (error: unknown) =>
      error === null || error === undefined ? resolve() : reject(error),
    );
    instance.on('response', (_client: unknown, status: number, _bytes: number, ms: number) => {
      if (status === 200) latencies.push(ms);
      else failures += 1;
    });
  });
  if (failures > 0) console.log(`  ${target.name} refused ${failures} of ${failures + latencies.length}`);
  const cpu = cpuSeconds(target.child) - before;
  return {
    perSecond: latencies.length / seconds,
    p50Ms: median(latencies),
    cpuMicros: (cpu * 1e6) / Math.max(1, latencies.length),
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

const upstream = await startOwn(['upstream']);
const upstreamUrl = `http://127.0.0.1:${upstream.port}`;
const own = await startOwn(['ours', upstreamUrl]);
const ours: Target = {
  name: 'ours',
  url: `http://127.0.0.1:${own.port}/v1/chat/completions`,
  headers: { authorization: `Bearer ${own.token}` },
  model: 'up/m',
  child: own.child,
};
const direct: Target = {
  name: 'direct',
  url: `${upstreamUrl}/v1/chat/completions`,
  headers: {},
  model: 'm',
  child: upstream.child,
};
const portkey = await startPortkey(upstreamUrl);

try {
  const cases = [
    { name: 'busy', connections: 32, stream: false },
    { name: 'alone', connections: 1, stream: false },
    { name: 'streams', connections: 8, stream: true },
  ] as const;
  for (const { name, connections, stream } of cases) {
    const results = new Map<Target, Measure[]>([
      [ours, []],
      [portkey, []],
      [direct, []],
    ]);
    for (let round = 0; round <= rounds; round += 1) {
      for (const [target, measures] of results) {
        const measure = await load(target, connections, stream);
        // The first round warms up.
        if (round > 0) measures.push(measure);
      }
    }
    const of = (target: Target, figure: keyof Measure) =>
      median((results.get(target) ?? []).map((one) => one[figure]));
    const line = [ours, portkey, direct].map(
      (target) =>
        `${target.name} ${of(target, 'perSecond').toFixed(0)}/s, p50 ${of(target, 'p50Ms').toFixed(2)} ms, ${of(target, 'cpuMicros').toFixed(0)} µs CPU`,
    );
    console.log(`${name}: ${line.join(' | ')}`);
    if (name === 'busy') {
      console.log(
        `  requests a second, ours / Portkey: ${(of(ours, 'perSecond') / of(portkey, 'perSecond')).toFixed(2)} (bar 5)`,
      );
      console.log(
        `  CPU of the process, ours / Portkey: ${(of(ours, 'cpuMicros') / of(portkey, 'cpuMicros')).toFixed(2)}`,
      );
    }
    if (name === 'alone') {
      console.log(
        `  time added, p50: ours ${(of(ours, 'p50Ms') - of(direct, 'p50Ms')).toFixed(2)} ms (bar 2), Portkey ${(of(portkey, 'p50Ms') - of(direct, 'p50Ms')).toFixed(2)} ms`,
      );
    }
    if (name === 'streams') {
      const perChunk = (target: Target) => of(target, 'cpuMicros') / chunksPerStream;
      console.log(
        `  CPU a chunk: ours ${perChunk(ours).toFixed(1)} µs, Portkey ${perChunk(portkey).toFixed(1)} µs, ratio ${(perChunk(ours) / perChunk(portkey)).toFixed(2)} (bar 0.5)`,
      );
    }
  }
} finally {
  portkey.child.kill();
  own.child.stdin?.end();
  upstream.child.stdin?.end();
}
