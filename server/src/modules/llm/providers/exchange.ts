import type { Dispatcher } from 'undici';

/** The head of an answer has come; its body is read from the exchange. */
export interface ExchangeHead {
  readonly status: number;
  readonly retryAfter: string | undefined;
}

/** An answer's body as it arrives. */
export interface ExchangeBody {
  /** What has arrived since the last call, in one piece; undefined at the end. Waits while nothing has. */
  next(): Promise<Buffer | undefined>;
  /**
   * Gives everything to `take` as it arrives, in one piece for what arrived at once; while a promise that it returned
   * is pending, it is given nothing and the connection may be told to wait. Resolves at the end, or once it has enough.
   */
  pour(take: (part: Buffer) => Promise<void> | 'enough' | undefined): Promise<void>;
  /** The whole rest; undefined when it has more bytes than that, and is then ended. */
  all(maxBytes: number): Promise<Buffer | undefined>;
  /** Ends it: the connection is closed unless the answer is complete. */
  destroy(): void;
}

/** What ends an exchange before its answer does. */
export interface ExchangeEnds {
  readonly signal: AbortSignal;
  /** Once the request is on its way it goes on although `signal` has fired, unless `lost` has. */
  readonly finishes: boolean;
  readonly lost: AbortSignal | undefined;
}

/** So much may lie here unread before the connection is told to wait. */
const highWaterBytes = 256 * 1024;

/**
 * One request on undici's own interface for handlers. Its usual one makes a stream of every answer: for answers of one
 * small piece that was a tenth of a request's processor time, for each piece of a long one a fifth of its.
 */
export class Exchange implements Dispatcher.DispatchHandler, ExchangeBody {
  readonly head: Promise<ExchangeHead>;
  readonly #signal: AbortSignal;
  readonly #gotHead: (head: ExchangeHead) => void;
  readonly #failHead: (error: unknown) => void;
  readonly #finishes: boolean;
  readonly #lost: AbortSignal | undefined;
  readonly #onAbort = () => {
    if (!this.outlives) this.#end(this.#signal.reason);
  };
  readonly #onLost = () => this.#end(this.#lost?.reason);
  #controller: Dispatcher.DispatchController | undefined;
  #parts: Buffer[] = [];
  #sizeBytes = 0;
  #paused = false;
  #ended = false;
  #failure: unknown;
  #wake: (() => void) | undefined;

  constructor({ signal, finishes, lost }: ExchangeEnds) {
    this.#signal = signal;
    this.#finishes = finishes;
    this.#lost = lost;
    const { promise, resolve, reject } = Promise.withResolvers<ExchangeHead>();
    this.head = promise;
    this.#gotHead = resolve;
    this.#failHead = reject;
    signal.addEventListener('abort', this.#onAbort, { once: true });
    if (finishes) lost?.addEventListener('abort', this.#onLost, { once: true });
  }

  /** Whether it goes on although its signal may have fired. */
  get outlives(): boolean {
    return this.#finishes && this.#controller !== undefined && this.#lost?.aborted !== true;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#ended) controller.abort(new Error('the request was ended before it began'));
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
  ): void {
    // 1xx answers are announcements of the one to come.
    if (status < 200) return;
    const retryAfter = headers['retry-after'];
    this.#gotHead({ status, retryAfter: typeof retryAfter === 'string' ? retryAfter : undefined });
  }

  onResponseData(controller: Dispatcher.DispatchController, part: Buffer): void {
    if (this.#ended) return;
    this.#parts.push(part);
    this.#sizeBytes += part.length;
    if (this.#sizeBytes > highWaterBytes && !this.#paused) {
      this.#paused = true;
      controller.pause();
    }
    this.#wake?.();
  }

  onResponseEnd(): void {
    this.#finish();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: unknown): void {
    this.#failure ??= error;
    this.#failHead(error);
    this.#finish();
  }

  async next(): Promise<Buffer | undefined> {
    while (this.#parts.length === 0) {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#ended) return undefined;
      await this.#more();
    }
    return this.#take();
  }

  pour(take: (part: Buffer) => Promise<void> | 'enough' | undefined): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let waits = false;
    let planned = false;
    const end = (failure: unknown): void => {
      this.#wake = undefined;
      if (failure === undefined) resolve();
      else reject(failure);
    };
    const give = (): void => {
      planned = false;
      if (this.#wake !== wake) return;
      while (this.#parts.length > 0 && !waits) {
        const answer = take(this.#take());
        if (answer === 'enough') {
          end(undefined);
          return;
        }
        if (answer === undefined) continue;
        waits = true;
        answer.then(() => {
          waits = false;
          safely();
        }, end);
      }
      if (!waits && this.#ended) end(this.#failure);
    };
    const safely = (): void => {
      try {
        give();
      } catch (error) {
        end(error);
      }
    };
    const wake = (): void => {
      if (planned || waits) return;
      planned = true;
      // What one packet brings comes in several calls in a row: it goes on as one piece.
      queueMicrotask(safely);
    };
    this.#wake = wake;
    safely();
    return promise;
  }

  async all(maxBytes: number): Promise<Buffer | undefined> {
    const parts: Buffer[] = [];
    let sizeBytes = 0;
    for (;;) {
      const part = await this.next();
      if (part === undefined) return oneOf(parts);
      sizeBytes += part.length;
      if (sizeBytes > maxBytes) {
        this.destroy();
        return undefined;
      }
      parts.push(part);
    }
  }

  destroy(): void {
    if (!this.#ended) this.#end(new Error('the answer is not wanted any more'));
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = undefined;
        resolve();
      };
    });
  }

  #take(): Buffer {
    const parts = this.#parts;
    this.#parts = [];
    this.#sizeBytes = 0;
    if (this.#paused) {
      this.#paused = false;
      this.#controller?.resume();
    }
    return oneOf(parts);
  }

  #end(reason: unknown): void {
    this.#failure ??= reason;
    this.#failHead(reason);
    this.#finish();
    this.#controller?.abort(new Error('the request was ended'));
  }

  #finish(): void {
    this.#ended = true;
    this.#signal.removeEventListener('abort', this.#onAbort);
    this.#lost?.removeEventListener('abort', this.#onLost);
    this.#wake?.();
  }
}

function oneOf(parts: readonly Buffer[]): Buffer {
  const [first] = parts;
  return first !== undefined && parts.length === 1 ? first : Buffer.concat(parts);
}
