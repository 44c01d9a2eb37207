import { fault } from '#base/fault.ts';
import type { MemoryState } from './memory.ts';
import type { ModelRuntime } from './model-runtime.ts';

/** What one model holds of the memory, from the moment its load is admitted. */
export interface Holding {
  readonly runtime: ModelRuntime;
  readonly estimatedBytes: number;
  /** Its weights: mapped from the file, so the machine counts them as free although they are in use. */
  readonly mappedBytes: number;
  readonly pinned: boolean;
}

export interface AdmissionOptions {
  readonly readMemory: () => MemoryState;
  /** What all models may take together, where the administrator has set it. */
  readonly limitBytes: number | null;
}

/** Left for the server and for everything else. */
const reserveBytes = 256 << 20;

/** Decides which models are in memory: a load is admitted before it begins, and idle models make room for it. */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #holdings = new Map<string, Holding>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  get heldBytes(): number {
    return [...this.#holdings.values()].reduce((sum, holding) => sum + holding.estimatedBytes, 0);
  }

  /**
   * Admits a load, or throws. One decision at a time, so that two loads never count the same memory.
   * @throws llm.memory_exceeded with both figures
   */
  admit(modelId: string, holding: Holding): Promise<void> {
    const decision = this.#turn.then(() => this.#decide(modelId, holding));
    this.#turn = decision.catch(() => {});
    return decision;
  }

  release(modelId: string): void {
    this.#holdings.delete(modelId);
  }

  async #decide(modelId: string, holding: Holding): Promise<void> {
    this.#holdings.delete(modelId);
    for (;;) {
      const availableBytes = this.#available();
      if (holding.estimatedBytes <= availableBytes) break;
      const victim = this.#leastRecentlyUsed();
      if (victim === null) {
        throw fault('llm.memory_exceeded', {
          model: modelId,
          neededBytes: holding.estimatedBytes,
          availableBytes: Math.max(0, availableBytes),
        });
      }
      await victim.holding.runtime.unload(0);
      this.#holdings.delete(victim.modelId);
    }
    this.#holdings.set(modelId, holding);
  }

  #available(): number {
    const { freeBytes } = this.#options.readMemory();
    let available = freeBytes - reserveBytes;
    for (const { runtime, estimatedBytes, mappedBytes } of this.#holdings.values()) {
      // What is being loaded is not in use yet, so all of it still counts as free.
      available -= runtime.state === 'loaded' ? mappedBytes : estimatedBytes;
    }
    if (this.#options.limitBytes === null) return available;
    return Math.min(available, this.#options.limitBytes - this.heldBytes);
  }

  #leastRecentlyUsed(): { readonly modelId: string; readonly holding: Holding } | null {
    let oldest: { readonly modelId: string; readonly holding: Holding } | null = null;
    for (const [modelId, holding] of this.#holdings) {
      if (holding.pinned || !holding.runtime.idle) continue;
      if (oldest === null || holding.runtime.lastUsedMs < oldest.holding.runtime.lastUsedMs) {
        oldest = { modelId, holding };
      }
    }
    return oldest;
  }
}
