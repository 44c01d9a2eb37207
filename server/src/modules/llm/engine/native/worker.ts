import { setPriority } from 'node:os';
import { fault } from '#base/fault.ts';
import type { GenerateRequest } from '../engine.ts';
import type { FromWorker, LoadedModel, ToWorker } from '../protocol.ts';
import { failureOf } from './failure.ts';
import { Generation } from './generation.ts';
import { type GenerativeHost, type Host, loadHost } from './host.ts';
import { promptTokens } from './prompt.ts';
import { Scheduler } from './scheduler.ts';

/** The process of one model: started by `native-engine.ts`, ends with its parent. */

interface Loaded {
  readonly host: Host;
  readonly scheduler: Scheduler | null;
}

/** The server answers others while this process computes. */
const nice = 5;

function send(message: FromWorker): void {
  process.send?.(message);
}

function describe(host: Host): LoadedModel {
  if (host.kind === 'embedding') {
    return {
      contextSize: host.contextSize,
      parallel: 1,
      capabilities: { chat: false, embeddings: true, infill: false },
    };
  }
  return {
    contextSize: host.context.contextSize,
    parallel: host.sequences.length,
    capabilities: { chat: host.template !== null, embeddings: false, infill: host.infill },
  };
}

function generative(host: Host): GenerativeHost {
  if (host.kind === 'generative') return host;
  throw fault('llm.capability_missing', { model: host.options.modelId, capability: 'generate' });
}

function prepare(host: GenerativeHost, request: GenerateRequest) {
  const prompt = promptTokens({ ...host, modelId: host.options.modelId }, request.prompt);
  const { contextSize } = host.context;
  if (prompt.length === 0 || prompt.length >= contextSize) {
    throw fault('llm.context_length_exceeded', {
      model: host.options.modelId,
      neededTokens: prompt.length + 1,
      contextSize,
    });
  }
  return prompt;
}

function generate({ host, scheduler }: Loaded, id: number, request: GenerateRequest): void {
  const target = generative(host);
  const prompt = prepare(target, request);
  scheduler?.submit({
    generation: new Generation({
      id,
      request,
      prompt,
      model: target.model,
      contextSize: target.context.contextSize,
    }),
    grammar: null,
  });
}

async function embed({ host }: Loaded, id: number, texts: readonly string[]): Promise<void> {
  if (host.kind !== 'embedding') {
    throw fault('llm.capability_missing', { model: host.options.modelId, capability: 'embeddings' });
  }
  const vectors: Float32Array[] = [];
  let promptTokens = 0;
  for (const text of texts) {
    const length = host.context.calculateInputLength(text);
    if (length >= host.contextSize) {
      throw fault('llm.context_length_exceeded', {
        model: host.options.modelId,
        neededTokens: length + 1,
        contextSize: host.contextSize,
      });
    }
    promptTokens += length;
    vectors.push(unitLength((await host.context.getEmbeddingFor(text)).vector));
  }
  send({ kind: 'embedded', id, vectors, promptTokens });
}

function unitLength(vector: readonly number[]): Float32Array {
  const length = Math.hypot(...vector);
  return Float32Array.from(vector, (value) => (length === 0 ? 0 : value / length));
}

async function load(message: Extract<ToWorker, { kind: 'load' }>): Promise<Loaded> {
  const host = await loadHost(message.options, (line) => process.stderr.write(`${line}\n`));
  const scheduler =
    host.kind === 'embedding'
      ? null
      : new Scheduler({
          model: host.model,
          sequences: host.sequences,
          batchSize: message.options.batchSize,
          decodes: host.decodes,
          emit: (events, status) => send({ kind: 'step', events, status }),
        });
  return { host, scheduler };
}

function answer(loaded: Loaded, message: Exclude<ToWorker, { kind: 'load' }>): void | Promise<void> {
  switch (message.kind) {
    case 'generate':
      return generate(loaded, message.id, message.request);
    case 'count': {
      const tokens = prepare(generative(loaded.host), message.request).length;
      return send({ kind: 'counted', id: message.id, tokens });
    }
    case 'embed':
      return embed(loaded, message.id, message.texts);
    case 'abort':
      return loaded.scheduler?.abort(message.id);
    case 'taken':
      return loaded.scheduler?.taken(message.id, message.chunks);
  }
}

function main(): void {
  let loaded: Loaded | null = null;
  // The server is gone, or wants this process gone.
  process.on('disconnect', () => process.exit(0));
  process.on('message', async (message: ToWorker) => {
    if (message.kind === 'load') {
      try {
        loaded = await load(message);
        send({ kind: 'loaded', model: describe(loaded.host) });
      } catch (error) {
        send({ kind: 'load-failed', failure: failureOf(error) });
      }
      return;
    }
    if (loaded === null) return;
    try {
      await answer(loaded, message);
    } catch (error) {
      send({ kind: 'failed', id: message.id, failure: failureOf(error) });
    }
  });
}

if (import.meta.main) {
  setPriority(nice);
  main();
}
