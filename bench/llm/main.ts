import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { startLlamaServer } from '@cyberdevstudio/server/modules/llm/engine/llama-server/llama-server-engine.ts';
import { startNativeEngine } from '@cyberdevstudio/server/modules/llm/engine/native/native-engine.ts';
import { readGgufHeader } from '@cyberdevstudio/server/modules/llm/models/gguf-header.ts';
import { estimateBytes } from '@cyberdevstudio/server/modules/llm/models/memory.ts';
import { writeSpeedModel } from '@cyberdevstudio/server/modules/llm/testing/models.ts';
import { cpuSecondsOf, firstToken, generate, median, type Target, textOf } from './measure.ts';

/**
 * The local engine against llama-server (where LLAMA_SERVER_BIN names one) on the same file, one thread each,
 * interleaved, medians of `rounds`; then what has no peer: a second turn, an abort, memory, the server's event loop.
 * `LLAMA_SERVER_BIN=… node bench/llm/main.ts [rounds]`
 */
const rounds = Number(process.argv[2] ?? 5);
const promptTokens = 768;
const answerTokens = 48;
const shape = { contextSize: 2048, parallel: 4, batchSize: 128 };

const folder = mkdtempSync(path.join(tmpdir(), 'cds-bench-llm-'));
await using stack = new AsyncDisposableStack();
stack.defer(() => rmSync(folder, { recursive: true, force: true }));
const modelFile = path.join(folder, 'speed.gguf');
writeSpeedModel(modelFile);

const common = {
  ...shape,
  modelId: 'speed',
  modelFile,
  threads: 1,
  signal: new AbortController().signal,
  log: () => {},
};
const own = stack.use(await startNativeEngine(common));
const binary = process.env.LLAMA_SERVER_BIN;
const capabilities = { chat: true, embeddings: false, infill: false };
const peer =
  binary === undefined
    ? null
    : stack.use(await startLlamaServer({ ...common, binary, embeddings: false, capabilities }));

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

type Measure = (target: Target, round: number) => Promise<number>;

/** Things per second of the engine's processor time. */
async function perCpuSecond(target: Target, work: () => Promise<number>): Promise<number> {
  const before = cpuSecondsOf(target.processId);
  const things = await work();
  return things / (cpuSecondsOf(target.processId) - before);
}

const prefill: Measure = (target, round) =>
  perCpuSecond(target, async () => {
    await generate(target.engine, textOf(`p${round}`, promptTokens), 1);
    return promptTokens;
  });

const single: Measure = (target, round) =>
  perCpuSecond(target, () => generate(target.engine, textOf(`s${round}`, 16), answerTokens));

const four: Measure = (target, round) =>
  perCpuSecond(target, async () => {
    const answers = [0, 1, 2, 3].map((index) =>
      generate(target.engine, textOf(`f${round}${index}`, 16), answerTokens),
    );
    return (await Promise.all(answers)).reduce((sum, tokens) => sum + tokens, 0);
  });

async function compare(name: string, measure: Measure, bar: string): Promise<number> {
  const ours: number[] = [];
  const theirs: number[] = [];
  const target: Target = { engine: own, processId: own.processId };
  for (let round = 0; round < rounds; round += 1) {
    ours.push(await measure(target, round));
    if (peer !== null) theirs.push(await measure({ engine: peer, processId: peer.processId }, round));
  }
  const ownMedian = median(ours);
  const ratio = peer === null ? 'no llama-server' : `ratio ${(ownMedian / median(theirs)).toFixed(2)}`;
  const other = peer === null ? '' : ` · llama-server ${median(theirs).toFixed(0)}`;
  print(`${name}, tokens per CPU second: ours ${ownMedian.toFixed(0)}${other} · ${ratio} (bar: ${bar})`);
  return ownMedian;
}

await generate(own, textOf('warm', 64), 8);
if (peer !== null) await generate(peer, textOf('warm', 64), 8);

await compare('prefill', prefill, '0.95');
const alone = await compare('single stream', single, '0.95');
const together = await compare('four parallel', four, '0.95');
print(`four parallel over our own single: ${(together / alone).toFixed(2)} (bar: 1.25)`);
const { decodes, steps } = own.counters();
print(`decodes ${decodes}, steps ${steps} (bar: equal)`);

const turns: number[] = [];
for (let round = 0; round < rounds; round += 1) {
  const first = textOf(`t${round}`, promptTokens);
  const coldMs = await firstToken(own, first);
  turns.push((await firstToken(own, `${first} and more`)) / coldMs);
}
print(`second turn's first token over a cold one: ${median(turns).toFixed(3)} (bar: 0.10)`);

const aborts: number[] = [];
for (let round = 0; round < rounds; round += 1) {
  const controller = new AbortController();
  const running = own.generate(
    { ...request(textOf(`a${round}`, promptTokens)), maxTokens: 200 },
    { signal: controller.signal },
  );
  const waiting = running.next().catch(() => {});
  await new Promise((resolve) => setTimeout(resolve, 100));
  const before = own.counters().decodes;
  controller.abort(new Error('gone'));
  await waiting;
  aborts.push(own.counters().decodes - before);
}
print(
  `decodes until a slot is free after an abort: ${Math.max(...aborts)} at most (bar: 1, and 1 under way)`,
);

const delay = monitorEventLoopDelay({ resolution: 5 });
delay.enable();
await Promise.all([0, 1, 2, 3].map((index) => generate(own, textOf(`l${index}`, 64), answerTokens)));
delay.disable();
print(
  `event loop of the server while four generate: p99 ${(delay.percentile(99) / 1e6).toFixed(1)} ms (bar: 50)`,
);

// The whole context in use, as the estimate counts it.
await Promise.all([0, 1, 2, 3].map((index) => generate(own, textOf(`m${index}`, shape.contextSize - 64), 1)));
const resident = own.status().residentBytes;
const estimate = estimateBytes(await readGgufHeader(modelFile), shape);
const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(0);
print(
  `memory: resident ${megabytes(resident)} MB, estimate ${megabytes(estimate)} MB, ratio ${(estimate / resident).toFixed(2)} (bar: 0.8 to 1.2)`,
);
if (peer !== null) {
  await Promise.all(
    [0, 1, 2, 3].map((index) => generate(peer, textOf(`m${index}`, shape.contextSize - 64), 1)),
  );
  const more = resident - peer.status().residentBytes;
  print(`resident over llama-server: ${megabytes(more)} MB (bar: 150)`);
}

function request(text: string) {
  return {
    prompt: { kind: 'text' as const, text },
    format: { kind: 'text' as const },
    sampling: { temperature: 0 },
    maxTokens: null,
    stop: [],
    topLogprobs: null,
  };
}
