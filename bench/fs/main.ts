import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import autocannon from 'autocannon';

/**
 * fs.read and fs.write of 4 KB against node:fs behind the same RPC: requests a second and the server's processor
 * time per request (utime + stime of its process from /proc), interleaved, medians of `rounds`.
 * `node bench/fs/main.ts [rounds] [seconds per run]`
 */
const rounds = Number(process.argv[2] ?? 5);
const seconds = Number(process.argv[3] ?? 2);
const tickMs = 10;
const content = 'x'.repeat(4096);

interface Case {
  readonly name: string;
  readonly method: string;
  readonly params: (index: number) => Record<string, unknown>;
  readonly connections: number;
}

const cases: readonly Case[] = [
  { name: 'read, node:fs', method: 'floor.read', params: () => ({ path: 'read.txt' }), connections: 16 },
  { name: 'read, fs.read', method: 'fs.read', params: () => ({ path: 'read.txt' }), connections: 16 },
  {
    name: 'write, node:fs',
    method: 'floor.write',
    params: (i) => ({ path: `a${i % 64}`, content }),
    connections: 16,
  },
  {
    name: 'write, node:fs flushed',
    method: 'floor.writeDurably',
    params: (i) => ({ path: `b${i % 64}`, content }),
    connections: 16,
  },
  {
    name: 'write, fs.write',
    method: 'fs.write',
    params: (i) => ({ path: `c${i % 64}`, content }),
    connections: 16,
  },
  {
    name: 'save with history',
    method: 'project.file.save',
    params: (i) => ({ path: `d${i % 64}`, content: `${i}${content}` }),
    connections: 16,
  },
];

const server = spawn(process.execPath, [fileURLToPath(new URL('./server.ts', import.meta.url))], {
  stdio: ['pipe', 'pipe', 'inherit'],
});
const pid = server.pid ?? 0;
let found: { url: string; accessToken: string; projectId: string } | undefined;
for await (const line of createInterface({ input: server.stdout })) {
  if (!line.startsWith('{')) continue;
  found = JSON.parse(line) as typeof found;
  break;
}
if (found === undefined) throw new Error('the server did not start');
const { url, accessToken, projectId } = found;

function cpuMs(): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * tickMs;
}

let requests = 0;
async function run({ method, params, connections }: Case) {
  const before = cpuMs();
  const result = await autocannon({
    url: `${url}/rpc`,
    connections,
    duration: seconds,
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${accessToken}` },
    setupClient(client) {
      client.setBody(bodyOf());
      client.on('response', () => client.setBody(bodyOf()));
    },
  });
  function bodyOf(): string {
    requests += 1;
    return JSON.stringify({
      jsonrpc: '2.0',
      id: requests,
      method,
      params: { projectId, ...params(requests) },
    });
  }
  const count = result['2xx'];
  return {
    perSecond: count / result.duration,
    cpuUs: ((cpuMs() - before) * 1000) / count,
    p99: result.latency.p99,
  };
}

async function call(method: string, params: Record<string, unknown>): Promise<void> {
  const response = await fetch(`${url}/rpc`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${accessToken}` },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { projectId, ...params } }),
  });
  const answer = (await response.json()) as { error?: unknown };
  if (answer.error !== undefined) throw new Error(`${method}: ${JSON.stringify(answer.error)}`);
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

try {
  await call('fs.write', { path: 'read.txt', content });
  for (const one of cases) await call(one.method, one.params(0));
  const results = new Map(cases.map(({ name }) => [name, [] as Awaited<ReturnType<typeof run>>[]]));
  for (let round = 0; round < rounds; round += 1)
    for (const one of cases) results.get(one.name)?.push(await run(one));
  const figure = (name: string, key: 'perSecond' | 'cpuUs' | 'p99') =>
    median((results.get(name) ?? []).map((result) => result[key]));
  console.log('case                     requests/s   CPU µs/request   p99 ms');
  for (const { name } of cases) {
    const numbers = [
      figure(name, 'perSecond').toFixed(0),
      figure(name, 'cpuUs').toFixed(0),
      figure(name, 'p99').toFixed(1),
    ];
    console.log(name.padEnd(24), ...numbers.map((text) => text.padStart(12)));
  }
  const ratio = (name: string, base: string) =>
    `CPU ${(figure(name, 'cpuUs') / figure(base, 'cpuUs')).toFixed(2)}, throughput ${(figure(name, 'perSecond') / figure(base, 'perSecond')).toFixed(2)}`;
  console.log(`fs.read to node:fs:           ${ratio('read, fs.read', 'read, node:fs')}   (bar: CPU 4)`);
  console.log(`fs.write to node:fs:          ${ratio('write, fs.write', 'write, node:fs')}   (bar: CPU 4)`);
  console.log(`fs.write to node:fs flushed:  ${ratio('write, fs.write', 'write, node:fs flushed')}`);
} finally {
  server.stdin.end();
  await new Promise((resolve) => server.once('exit', resolve));
}
