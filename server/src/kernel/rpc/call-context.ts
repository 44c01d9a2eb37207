import type { Call } from '#base/contract.ts';
import type { Language } from '#base/fault.ts';
import type { Principal } from '#base/principal.ts';

export interface CallOrigin {
  readonly principal: Principal | null;
  readonly traceId: string;
  readonly address: string;
  readonly language: Language;
  /** Called once, when somebody first asks for the signal: wires it to the client's departure. */
  readonly onSignal?: ((abort: (reason: unknown) => void) => void) | undefined;
  /** Ends the call as well. It may live as long as the process: no call leaves a listener on it. */
  readonly parent?: AbortSignal | undefined;
}

/** A call whose AbortSignal is made only when it is asked for: most calls never do, and one costs 2 µs. */
export class LazyCall implements Call {
  readonly principal: Principal | null;
  readonly traceId: string;
  readonly address: string;
  readonly language: Language;
  #controller: AbortController | undefined;
  #signal: AbortSignal | undefined;
  #reason: { readonly value: unknown } | undefined;
  readonly #onSignal: CallOrigin['onSignal'];
  readonly #parent: AbortSignal | undefined;

  constructor(origin: CallOrigin) {
    this.principal = origin.principal;
    this.traceId = origin.traceId;
    this.address = origin.address;
    this.language = origin.language;
    this.#onSignal = origin.onSignal;
    this.#parent = origin.parent;
  }

  get signal(): AbortSignal {
    if (this.#signal === undefined) {
      this.#controller = new AbortController();
      const { signal } = this.#controller;
      this.#signal = this.#parent === undefined ? signal : AbortSignal.any([signal, this.#parent]);
      if (this.#reason !== undefined) this.#controller.abort(this.#reason.value);
      else this.#onSignal?.((reason) => this.abort(reason));
    }
    return this.#signal;
  }

  abort(reason: unknown): void {
    if (this.#reason !== undefined) return;
    this.#reason = { value: reason };
    this.#controller?.abort(reason);
  }
}

/** A call that the platform makes on its own behalf: recovery, jobs, consumers. */
export function systemCall(origin: { traceId: string; signal?: AbortSignal }): Call {
  return new LazyCall({
    principal: null,
    traceId: origin.traceId,
    address: 'internal',
    language: 'en',
    parent: origin.signal,
  });
}
