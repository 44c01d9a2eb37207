import { writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { fault } from '#base/fault.ts';
import { constraintsOf } from '../constraints.ts';
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
  /** Requests that are not handed to the scheduler yet; true once the reader has left. */
  readonly preparing: Map<number, boolean>;
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

/** No token stands for more characters on average; a prompt beyond that is refused before it is tokenized. */
const charactersPerTokenAtMost = 64;

function prepare(host: GenerativeHost, request: GenerateRequest) {
  refuseHuge(host, request);
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

async function generate({ host, scheduler, preparing }: Loaded, id: number, request: GenerateRequest) {
  const target = generative(host);
  const { model, options, tokenBytes } = target;
  const { grammar, tools, validate } = constraintsOf(request, target.toolSyntax);
  const generation = new Generation({
    id,
    modelId: options.modelId,
    request,
    prompt: prepare(target, request),
    model,
    contextSize: target.context.contextSize,
    tokenBytes,
    tools,
    validate,
  });
  preparing.set(id, false);
  try {
    const state = grammar === null ? null : await target.grammars.stateFor(model, grammar);
    scheduler?.submit({ generation, grammar: state });
    if (preparing.get(id) === true) scheduler?.abort(id);
  } finally {
    preparing.delete(id);
  }
}

/** Tokenizing ten megabytes would hold up everybody else for seconds. */
function refuseHuge(host: GenerativeHost, { prompt }: GenerateRequest): void {
  const { contextSize } = host.context;
  const characters =
    prompt.kind === 'chat'
      ? prompt.messages.reduce((sum, message) => sum + message.content.length, 0)
      : prompt.kind === 'text'
        ? prompt.text.length
        : prompt.prefix.length + prompt.suffix.length;
  const neededTokens = Math.ceil(characters / charactersPerTokenAtMost);
  if (neededTokens <= contextSize) return;
  throw fault('llm.context_length_exceeded', { model: host.options.modelId, neededTokens, contextSize });
}

/** Tokens of a text to be embedded, those at its ends included. */
function inputLength(host: Extract<Host, { kind: 'embedding' }>, text: string): number {
  const length = host.context.calculateInputLength(text);
  if (length < host.contextSize) return length;
  throw fault('llm.context_length_exceeded', {
    model: host.options.modelId,
    neededTokens: length + 1,
    contextSize: host.contextSize,
  });
}

/** An embedding model counts plain text only: that is how much a request to embed it will use. */
function count({ host }: Loaded, request: GenerateRequest): number {
  return host.kind === 'embedding' && request.prompt.kind === 'text'
    ? inputLength(host, request.prompt.text)
    : prepare(generative(host), request).length;
}

async function embed({ host }: Loaded, id: number, texts: readonly string[]): Promise<void> {
  if (host.kind !== 'embedding') {
    throw fault('llm.capability_missing', { model: host.options.modelId, capability: 'embeddings' });
  }
  const vectors: Float32Array[] = [];
  let promptTokens = 0;
  for (const text of texts) {
    promptTokens += inputLength(host, text);
    const { vector } = await host.context.getEmbeddingFor(text);
    if (vector.length === 0)
      throw fault('llm.request_invalid', { reason: 'a text is empty', field: 'input' });
    vectors.push(unitLength(vector));
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
  return { host, scheduler, preparing: new Map() };
}

function answer(loaded: Loaded, message: Exclude<ToWorker, { kind: 'load' }>): void | Promise<void> {
  switch (message.kind) {
    case 'generate':
      return generate(loaded, message.id, message.request);
    case 'count':
      return send({ kind: 'counted', id: message.id, tokens: count(loaded, message.request) });
    case 'embed':
      return embed(loaded, message.id, message.texts);
    case 'abort':
      if (loaded.preparing.has(message.id)) loaded.preparing.set(message.id, true);
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

/** When memory runs out, the kernel is to end this process and not the server. */
function offerToTheKernel(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '600');
  } catch {
    // Only Linux has this; elsewhere the system chooses.
  }
}

if (import.meta.main) {
  setPriority(nice);
  offerToTheKernel();
  main();
}
