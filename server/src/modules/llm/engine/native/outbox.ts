import type { GenerateChunk, GenerateResult, GenerateUsage } from '../engine.ts';
import type { GenerateEvent } from '../protocol.ts';
import { errorOf } from './failure.ts';

/** Chunks of one generation between the process that makes them and the reader that takes them. */
export class Outbox {
  readonly #model: string;
  readonly #onUsage: ((usage: GenerateUsage) => void) | undefined;
  readonly #chunks: GenerateChunk[] = [];
  readonly #settled = Promise.withResolvers<void>();
  #error: Error | null = null;
  #awake: (() => void) | null = null;
  result: GenerateResult | null = null;
  settled = false;

  constructor(model: string, onUsage: ((usage: GenerateUsage) => void) | undefined) {
    this.#model = model;
    this.#onUsage = onUsage;
  }

  receive(event: GenerateEvent): void {
    switch (event.kind) {
      case 'progress':
        this.#chunks.push(...event.chunks);
        this.#onUsage?.(event.usage);
        break;
      case 'done':
        this.result = event.result;
        this.#onUsage?.(usageOf(event.result));
        this.#settle();
        break;
      case 'aborted':
        this.#onUsage?.(event.usage);
        this.#chunks.length = 0;
        this.#settle();
        break;
      case 'failed':
        this.fail(errorOf(event.failure, this.#model));
    }
    this.#awake?.();
  }

  fail(reason: Error): void {
    if (this.settled) return;
    this.#error = reason;
    this.#settle();
    this.#awake?.();
  }

  /** The next chunk; null when there will be no more. Throws after the last chunk when the generation failed. */
  async next(): Promise<GenerateChunk | null> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) return chunk;
      if (this.#error !== null) throw this.#error;
      if (this.settled) return null;
      await new Promise<void>((resolve) => {
        this.#awake = resolve;
      });
      this.#awake = null;
    }
  }

  /** Resolves when the process has let go of the generation. */
  drained(): Promise<void> {
    return this.#settled.promise;
  }

  #settle(): void {
    this.settled = true;
    this.#settled.resolve();
  }
}

function usageOf(result: GenerateResult): GenerateUsage {
  const { promptTokens, cachedPromptTokens, completionTokens } = result;
  return { promptTokens, cachedPromptTokens, completionTokens };
}
