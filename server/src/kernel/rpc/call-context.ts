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
}

/** A call whose AbortSignal is made only when it is asked for: most calls never do, and one costs 2 µs. */
export class LazyCall implements Call {
  readonly principal: Principal | null;
  readonly traceId: string;
  readonly address: string;
  readonly language: Language;
  #controller: AbortController | undefined;
  #reason: { readonly value: unknown } | undefined;
  readonly #onSignal: CallOrigin['onSignal'];

  constructor(origin: CallOrigin) {
    this.principal = origin.principal;
    this.traceId = origin.traceId;
    this.address = origin.address;
    this.language = origin.language;
    this.#onSignal = origin.onSignal;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason.value);
      else this.#onSignal?.((reason) => this.abort(reason));
    }
    return this.#controller.signal;
  }

  abort(reason: unknown): void {
    if (this.#reason !== undefined) return;
    this.#reason = { value: reason };
    this.#controller?.abort(reason);
  }
}

/** A call that the platform makes on its own behalf: recovery, jobs, consumers. */
export function systemCall(origin: { traceId: string; signal?: AbortSignal }): Call {
  const call = new LazyCall({
    principal: null,
    traceId: origin.traceId,
    address: 'internal',
    language: 'en',
  });
  if (origin.signal !== undefined) {
    if (origin.signal.aborted) call.abort(origin.signal.reason);
    else origin.signal.addEventListener('abort', () => call.abort(origin.signal?.reason), { once: true });
  }
  return call;
}
