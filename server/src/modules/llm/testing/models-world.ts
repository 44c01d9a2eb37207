import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { GenerateRequest } from '../engine/engine.ts';
import type { LocalRequestOptions, ModelSettings } from '../local-models.ts';
import { createLocalModels, type LocalModelsWithMemory } from '../models/local-models.ts';
import type { LocalModelsConfig, ModelSettingsStore } from '../models/settings.ts';
import { type Answer, collect } from './engine-world.ts';

export interface ModelsWorldOptions {
  readonly config?: Partial<LocalModelsConfig>;
  readonly settings?: ModelSettingsStore;
  /** Changeable: what the machine has. */
  readonly memory?: { freeBytes: number };
}

export interface ModelsWorld extends AsyncDisposable {
  readonly models: LocalModelsWithMemory;
  readonly modelsDir: string;
  /** `model state` of every change, in order. */
  readonly changes: string[];
  advance(ms: number): void;
  path(modelId: string): string;
  ask(modelId: string, request: GenerateRequest, options?: Partial<LocalRequestOptions>): Promise<Answer>;
}

/** The real models of a folder with real engines; the clock and, if wished, the machine's memory are the test's. */
export function modelsWorld(options: ModelsWorldOptions = {}): ModelsWorld {
  const modelsDir = mkdtempSync(path.join(tmpdir(), 'cds-models-'));
  const changes: string[] = [];
  const { memory } = options;
  let skewMs = 0;
  const models = createLocalModels({
    modelsDir,
    settings: options.settings ?? settingsInMemory(),
    config: {
      modelContextSize: 512,
      modelParallel: 2,
      modelThreads: 1,
      modelIdleMs: 60_000,
      modelQueue: 64,
      modelQueuePerUser: 64,
      ...options.config,
    },
    log: { debug: () => {}, warn: () => {} },
    now: () => Date.now() + skewMs,
    onState: ({ modelId, state }) => changes.push(`${modelId} ${state}`),
    sweepMs: 20,
    ...(memory === undefined
      ? {}
      : { readMemory: () => ({ totalBytes: 8 * 2 ** 30, freeBytes: memory.freeBytes }) }),
  });
  return {
    models,
    modelsDir,
    changes,
    advance(ms) {
      skewMs += ms;
    },
    path: (modelId) => path.join(modelsDir, `${modelId}.gguf`),
    ask: (modelId, request, change = {}) =>
      collect(
        models.generate(modelId, request, {
          userId: 'user',
          signal: new AbortController().signal,
          ...change,
        }),
      ),
    async [Symbol.asyncDispose]() {
      await models[Symbol.asyncDispose]();
      rmSync(modelsDir, { recursive: true, force: true });
    },
  };
}

/** For tests that are not about keeping settings; those use the database. */
function settingsInMemory(): ModelSettingsStore {
  const kept = new Map<string, ModelSettings>();
  return {
    all: async () => kept,
    save: async (modelId, settings) => void kept.set(modelId, settings),
    remove: async (modelId) => void kept.delete(modelId),
  };
}
