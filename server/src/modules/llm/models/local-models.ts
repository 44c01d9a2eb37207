import { rm } from 'node:fs/promises';
import { fault } from '#base/fault.ts';
import type { Engine, GenerateChunk, GenerateRequest, GenerateResult } from '../engine/engine.ts';
import type { LocalModel, LocalModels, LocalRequestOptions, ModelSettings } from '../local-models.ts';
import { Admission } from './admission.ts';
import { describeModel } from './describe.ts';
import { createModelFolder, type ModelFile } from './folder.ts';
import { estimateBytes, type MemoryState, readMemory } from './memory.ts';
import { ModelRuntime } from './model-runtime.ts';
import {
  effectiveSettings,
  type LocalModelsConfig,
  type ModelSettingsStore,
  noSettings,
} from './settings.ts';

export interface LocalModelsDeps {
  /** `$CDS_DATA_DIR/models`. */
  readonly modelsDir: string;
  readonly settings: ModelSettingsStore;
  readonly config: LocalModelsConfig;
  readonly log: { debug(data: object, message: string): void; warn(data: object, message: string): void };
  readonly now: () => number;
  /** A model was loaded, unloaded, or its engine ended. */
  readonly onState?: (change: {
    readonly modelId: string;
    readonly state: string;
    readonly reason: string | null;
  }) => void;
  /** Another reading of the memory than the machine's own. */
  readonly readMemory?: () => MemoryState;
  /** How often idle models are looked for. */
  readonly sweepMs?: number;
}

/** What status pages show of the memory of models. */
export interface ModelMemory extends MemoryState {
  /** What the loaded models were admitted with, together. */
  readonly modelBytes: number;
}

export interface LocalModelsWithMemory extends LocalModels {
  memory(): ModelMemory;
}

const usualSweepMs = 5_000;
const reloadWaitMs = 30_000;

/** The models of a folder, each in a process of its own while it is loaded. */
export function createLocalModels(deps: LocalModelsDeps): LocalModelsWithMemory {
  return new Models(deps);
}

class Models implements LocalModelsWithMemory {
  readonly #deps: LocalModelsDeps;
  readonly #folder;
  readonly #admission: Admission;
  readonly #readMemory: () => MemoryState;
  readonly #runtimes = new Map<string, ModelRuntime>();
  readonly #pinned = new Set<string>();
  readonly #timer: NodeJS.Timeout;

  constructor(deps: LocalModelsDeps) {
    this.#deps = deps;
    this.#folder = createModelFolder(deps.modelsDir);
    const limitBytes = deps.config.modelMemoryBytes ?? null;
    this.#readMemory = deps.readMemory ?? (() => readMemory(limitBytes));
    this.#admission = new Admission({ readMemory: this.#readMemory, limitBytes });
    this.#timer = setInterval(() => this.#unloadIdle(), deps.sweepMs ?? usualSweepMs).unref();
  }

  async list(): Promise<readonly LocalModel[]> {
    const [files, settings] = await Promise.all([this.#folder.list(), this.#deps.settings.all()]);
    return files.map((file) => this.#describe(file, settings.get(file.id) ?? noSettings));
  }

  async find(modelId: string): Promise<LocalModel> {
    return this.#describe(await this.#file(modelId), await this.#settingsOf(modelId));
  }

  async countTokens(
    modelId: string,
    request: GenerateRequest,
    options: LocalRequestOptions,
  ): Promise<number> {
    const runtime = await this.#runtimeOf(modelId);
    using lease = await runtime.lease(options.signal);
    return await lease.engine.countTokens(request, options.signal);
  }

  async *generate(
    modelId: string,
    request: GenerateRequest,
    options: LocalRequestOptions,
  ): AsyncGenerator<GenerateChunk, GenerateResult, undefined> {
    const runtime = await this.#runtimeOf(modelId);
    using turn = await runtime.queue.enter(options);
    using lease = await runtime.lease(options.signal);
    turn.restart();
    const result = yield* lease.engine.generate(request, options);
    runtime.proved();
    return result;
  }

  async embed(modelId: string, texts: readonly string[], options: LocalRequestOptions) {
    const runtime = await this.#runtimeOf(modelId);
    using turn = await runtime.queue.enter(options);
    using lease = await runtime.lease(options.signal);
    turn.restart();
    const embeddings = await lease.engine.embed(texts, options.signal);
    runtime.proved();
    return embeddings;
  }

  async load(modelId: string, change: Partial<ModelSettings>, signal: AbortSignal): Promise<LocalModel> {
    const file = await this.#file(modelId);
    const before = await this.#settingsOf(modelId);
    const settings = { ...before, ...change };
    await this.#deps.settings.save(modelId, settings);
    if (settings.pinned) this.#pinned.add(modelId);
    else this.#pinned.delete(modelId);
    const runtime = await this.#runtimeOf(modelId);
    if (!this.#loadsAlike(file, before, settings)) await runtime.unload(reloadWaitMs);
    using _lease = await runtime.lease(signal);
    return await this.find(modelId);
  }

  async unload(modelId: string, options: { readonly waitMs: number }): Promise<void> {
    await this.#file(modelId);
    await this.#runtimes.get(modelId)?.unload(options.waitMs);
  }

  async remove(modelId: string): Promise<void> {
    const file = await this.#file(modelId);
    const runtime = this.#runtimes.get(modelId);
    const activeRequests = (runtime?.queue.running ?? 0) + (runtime?.queue.waiting ?? 0);
    if (activeRequests > 0) throw fault('llm.model_busy', { model: modelId, activeRequests });
    await runtime?.unload(0);
    this.#runtimes.delete(modelId);
    for (const part of file.paths) await rm(part, { force: true });
    await this.#deps.settings.remove(modelId);
  }

  memory(): ModelMemory {
    return { ...this.#readMemory(), modelBytes: this.#admission.heldBytes };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all([...this.#runtimes.values()].map((runtime) => runtime.unload(0)));
  }

  async #file(modelId: string): Promise<ModelFile> {
    const file = (await this.#folder.list()).find((candidate) => candidate.id === modelId);
    if (file === undefined) throw fault('llm.model_not_found', { model: modelId });
    return file;
  }

  async #settingsOf(modelId: string): Promise<ModelSettings> {
    return (await this.#deps.settings.all()).get(modelId) ?? noSettings;
  }

  async #runtimeOf(modelId: string): Promise<ModelRuntime> {
    const file = await this.#file(modelId);
    const known = this.#runtimes.get(modelId);
    if (known !== undefined) return known;
    const settings = await this.#settingsOf(modelId);
    // Someone else may have made it while the settings were read.
    const made = this.#runtimes.get(modelId) ?? this.#makeRuntime(file, settings);
    this.#runtimes.set(modelId, made);
    return made;
  }

  #makeRuntime(file: ModelFile, settings: ModelSettings): ModelRuntime {
    const { config, now } = this.#deps;
    const runtime: ModelRuntime = new ModelRuntime({
      modelId: file.id,
      parallel: effectiveSettings(file, settings, config).parallel,
      waitingAtMost: config.modelQueue,
      waitingPerUserAtMost: config.modelQueuePerUser,
      now,
      start: (signal) => this.#start(runtime, file.id, signal),
      onState: (state, reason) => this.#changed(file.id, state, reason),
    });
    return runtime;
  }

  #changed(modelId: string, state: string, reason: string | null): void {
    if (state === 'available' || state === 'failed') this.#admission.release(modelId);
    if (state === 'failed') this.#deps.log.warn({ modelId, reason }, 'the engine of a model failed');
    this.#deps.onState?.({ modelId, state, reason });
  }

  async #start(runtime: ModelRuntime, modelId: string, signal: AbortSignal): Promise<Engine> {
    // Read anew: file and settings may have changed since the last load.
    const file = await this.#file(modelId);
    const settings = await this.#settingsOf(modelId);
    if (file.header === null) throw fault('llm.model_unreadable', { model: modelId, reason: file.problem });
    const effective = effectiveSettings(file, settings, this.#deps.config);
    await this.#admission.admit(modelId, {
      runtime,
      estimatedBytes: estimateBytes(file.header, effective),
      mappedBytes: file.header.tensorBytes,
      pinned: settings.pinned,
    });
    const options = {
      ...effective,
      modelId,
      modelFile: file.path,
      signal,
      log: (line: string) => this.#deps.log.debug({ modelId, line }, 'the engine of a model says'),
    };
    const { serverBinary } = this.#deps.config;
    // Loaded with the first model: most of what an engine needs is nobody else's, and the platform starts sooner.
    if (serverBinary === undefined) {
      const { startNativeEngine } = await import('../engine/native/native-engine.ts');
      return startNativeEngine(options);
    }
    const { startLlamaServer } = await import('../engine/llama-server/llama-server-engine.ts');
    const { capabilities } = file.header;
    return startLlamaServer({
      ...options,
      binary: serverBinary,
      capabilities,
      embeddings: capabilities.embeddings,
    });
  }

  #loadsAlike(file: ModelFile, before: ModelSettings, after: ModelSettings): boolean {
    const a = effectiveSettings(file, before, this.#deps.config);
    const b = effectiveSettings(file, after, this.#deps.config);
    return a.contextSize === b.contextSize && a.parallel === b.parallel && a.threads === b.threads;
  }

  #describe(file: ModelFile, settings: ModelSettings): LocalModel {
    return describeModel({
      file,
      settings,
      effective: effectiveSettings(file, settings, this.#deps.config),
      runtime: this.#runtimes.get(file.id) ?? null,
    });
  }

  #unloadIdle(): void {
    for (const [modelId, runtime] of this.#runtimes) {
      if (this.#pinned.has(modelId) || !runtime.idle) continue;
      if (this.#deps.now() - runtime.lastUsedMs < this.#deps.config.modelIdleMs) continue;
      void runtime.unload(0).catch((error: unknown) => {
        this.#deps.log.warn({ err: error, modelId }, 'an idle model can’t be unloaded');
      });
    }
  }
}
