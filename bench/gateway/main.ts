// CPU per request of the gateway against the floors that it is held to; all in one run, interleaved, medians.
import { once } from 'node:events';
import autocannon from 'autocannon';
import { WebSocket } from 'ws';
import { median } from '../support/median.ts';
import { type RunningTarget, startTarget } from './measure.ts';

const rounds = Number(process.env.CDS_BENCH_ROUNDS ?? 7);
const requests = Number(process.env.CDS_BENCH_REQUESTS ?? 20_000);

interface HttpCase {
  readonly name: string;
  readonly target: RunningTarget;
  readonly method: string;
  readonly token?: string;
}

interface Sample {
  /** Microseconds of CPU time a request. */
  readonly cpu: number;
  readonly perSecond: number;
  readonly p99: number;
}

async function httpSample({ target, method, token }: HttpCase, amount: number): Promise<Sample> {
  const before = target.cpuSeconds();
  const result = await autocannon({
    url: `http://127.0.0.1:${target.port}/rpc`,
    method: 'POST',
    connections: 50,
    amount,
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { name: 'world', count: 3 } }),
  });
  if (result.non2xx > 0 || result.errors > 0) throw new Error(`${method}: ${result.non2xx} refused`);
  const cpu = ((target.cpuSeconds() - before) / amount) * 1e6;
  return { cpu, perSecond: result.requests.average, p99: result.latency.p99 };
}

/** One connection, `window` messages under way. */
async function socketSample(
  target: RunningTarget,
  options: { path: string; text: string; amount: number; token?: string },
): Promise<Sample> {
  const headers = options.token === undefined ? {} : { authorization: `Bearer ${options.token}` };
  const socket = new WebSocket(`ws://127.0.0.1:${target.port}${options.path}`, {
    headers,
    perMessageDeflate: false,
  });
  await once(socket, 'open');
  const before = target.cpuSeconds();
  const startedMs = performance.now();
  let sent = 0;
  let received = 0;
  const done = Promise.withResolvers<void>();
  const sendOne = () => {
    if (sent < options.amount) socket.send(options.text);
    sent += 1;
  };
  socket.on('message', () => {
    received += 1;
    if (received === options.amount) done.resolve();
    else sendOne();
  });
  for (let index = 0; index < 32; index += 1) sendOne();
  await done.promise;
  const seconds = (performance.now() - startedMs) / 1_000;
  const cpu = ((target.cpuSeconds() - before) / options.amount) * 1e6;
  socket.close();
  await once(socket, 'close');
  return { cpu, perSecond: options.amount / seconds, p99: 0 };
}

async function openMany(target: RunningTarget, count: number): Promise<{ seconds: number; kibEach: number }> {
  const before = target.residentMiB();
  const startedMs = performance.now();
  const sockets = Array.from(
    { length: count },
    () =>
      new WebSocket(`ws://127.0.0.1:${target.port}/ws`, {
        headers: { authorization: `Bearer ${target.token}` },
        perMessageDeflate: false,
      }),
  );
  await Promise.all(sockets.map((socket) => once(socket, 'open')));
  const seconds = (performance.now() - startedMs) / 1_000;
  const answered = sockets.map(async (socket) => {
    socket.send(
      JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'bench.open', params: { name: 'x', count: 1 } }),
    );
    await once(socket, 'message');
  });
  await Promise.all(answered);
  const kibEach = ((target.residentMiB() - before) * 1024) / count;
  for (const socket of sockets) socket.terminate();
  return { seconds, kibEach };
}

await using stack = new AsyncDisposableStack();
const hello = stack.use(await startTarget('hello'));
const limited = stack.use(await startTarget('limited'));
const platform = stack.use(await startTarget('platform'));
const bare = stack.use(await startTarget('bareWebSocket'));
const own = stack.use(await startTarget('ownWebSocket'));

const httpCases: HttpCase[] = [
  { name: 'Fastify POST hello', target: hello, method: 'hello' },
  { name: 'the same with our rate limit', target: limited, method: 'hello' },
  { name: '/rpc, public method', target: platform, method: 'bench.open' },
  { name: '/rpc, signed in', target: platform, method: 'bench.signedIn', token: platform.token },
];
const text = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'bench.signedIn',
  params: { name: 'world', count: 3 },
});
const socketCases = [
  { name: 'bare ws echo', run: () => socketSample(bare, { path: '/', text, amount: requests * 2 }) },
  { name: 'our WebSocket, echo', run: () => socketSample(own, { path: '/', text, amount: requests * 2 }) },
  {
    name: '/ws, JSON-RPC call, signed in',
    run: () => socketSample(platform, { path: '/ws', text, amount: requests * 2, token: platform.token }),
  },
];

const cases = [
  ...httpCases.map((one) => ({ name: one.name, run: () => httpSample(one, requests) })),
  ...socketCases,
];
// Twice, since the code is compiled for good only after some ten thousand calls.
for (const one of [...cases, ...cases]) await one.run();
const samples = new Map<string, Sample[]>(cases.map((one) => [one.name, []]));
for (let round = 0; round < rounds; round += 1) {
  for (const one of cases) samples.get(one.name)?.push(await one.run());
}

const cpuOf = (name: string) => median((samples.get(name) ?? []).map((sample) => sample.cpu));
for (const { name } of cases) {
  const own = samples.get(name) ?? [];
  const perSecond = median(own.map((sample) => sample.perSecond));
  const p99 = median(own.map((sample) => sample.p99));
  console.log(
    `${name.padEnd(32)} ${cpuOf(name).toFixed(1).padStart(7)} us CPU  ${perSecond.toFixed(0).padStart(7)}/s  p99 ${p99} ms`,
  );
}
/** Ratio of two cases, paired round by round, so that the machine's moods cancel out. */
function ratio(name: string, floor: string): number {
  const floors = samples.get(floor) ?? [];
  return median((samples.get(name) ?? []).map((sample, index) => sample.cpu / (floors[index]?.cpu ?? 1)));
}
const bars = [
  ['/rpc, signed in', 'Fastify POST hello', 1.45],
  ['/rpc, public method', 'Fastify POST hello', 1.2],
  ['the same with our rate limit', 'Fastify POST hello', 1.1],
  ['our WebSocket, echo', 'bare ws echo', 1 / 0.9],
] as const;
for (const [name, floor, bar] of bars) {
  const value = ratio(name, floor);
  const verdict = value <= bar ? 'ok' : 'MISSED';
  console.log(`${name} / ${floor}: ${value.toFixed(2)} (bar ${bar.toFixed(2)}) ${verdict}`);
}
const many = await openMany(platform, 1_000);
console.log(
  `1,000 WebSockets open and answered: ${many.seconds.toFixed(2)} s to open, ${many.kibEach.toFixed(1)} KiB each`,
);
