import type { LocalModel, ModelSettings } from '../local-models.ts';
import type { ModelFile } from './folder.ts';
import { estimateBytes } from './memory.ts';
import type { ModelRuntime } from './model-runtime.ts';
import type { EffectiveSettings } from './settings.ts';

export interface ModelParts {
  readonly file: ModelFile;
  readonly settings: ModelSettings;
  readonly effective: EffectiveSettings;
  /** Null while nobody has used it. */
  readonly runtime: ModelRuntime | null;
}

/** A model as lists show it. */
export function describeModel({ file, settings, effective, runtime }: ModelParts): LocalModel {
  const { header } = file;
  const status = runtime?.status() ?? null;
  return {
    id: file.id,
    file: file.file,
    sizeBytes: file.sizeBytes,
    architecture: header?.architecture ?? 'unknown',
    parameterCount: header?.parameterCount ?? null,
    quantization: header?.quantization ?? null,
    trainedContextSize: header?.trainedContextSize ?? 0,
    licence: header?.licence ?? null,
    capabilities: header?.capabilities ?? { chat: false, embeddings: false, infill: false },
    state: header === null ? 'unreadable' : (runtime?.state ?? 'available'),
    problem: file.problem ?? runtime?.problem ?? null,
    settings,
    estimatedBytes: header === null ? null : estimateBytes(header, effective),
    residentBytes: status?.residentBytes ?? null,
    activeRequests: runtime?.queue.running ?? 0,
    queuedRequests: runtime?.queue.waiting ?? 0,
    promptTokensPerSecond: status?.promptTokensPerSecond ?? null,
    completionTokensPerSecond: status?.completionTokensPerSecond ?? null,
  };
}
