import { faultOfRpcError, isRpcFault, type RpcErrorObject, RpcFault } from './fault.ts';
import { answerLostFault } from './http.ts';

export interface RunningStream {
  readonly method: string;
  readonly params: unknown;
  readonly onChunk: (chunk: unknown) => void;
  readonly restartable: boolean;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
  streamId: string | undefined;
  /** The call was sent; until its answer came, nobody knows whether it runs. */
  begun: boolean;
  lastSeq: number;
  acknowledgedSeq: number;
}

type Request = (method: string, params: unknown) => Promise<unknown>;

/** The server keeps about 1 MiB of unconfirmed frames; confirming at this pace never holds a stream up. */
const acknowledgeAfterBytes = 128 * 1024;
const acknowledgeAfterMs = 500;

/** Every running stream of a connection: begins, resumes, confirms, ends. */
export class StreamSet {
  readonly #request: Request;
  readonly #streams = new Set<RunningStream>();
  readonly #byId = new Map<string, RunningStream>();
  #unconfirmedBytes = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(request: Request) {
    this.#request = request;
  }

  add(stream: RunningStream, connected: boolean): void {
    this.#streams.add(stream);
    if (connected) this.#begin(stream);
  }

  /** On a fresh connection: every stream goes on after the last frame seen, or begins. */
  beginAll(): void {
    for (const stream of [...this.#streams]) this.#begin(stream);
  }

  /** A stream that was asked for and not yet answered may run or not: it is not begun twice. */
  connectionLost(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const stream of [...this.#streams]) {
      if (!stream.begun || stream.streamId !== undefined) continue;
      if (stream.restartable) stream.begun = false;
      else this.#end(stream, () => stream.reject(answerLostFault()));
    }
  }

  cancel(stream: RunningStream, reason: unknown): void {
    if (!this.#streams.has(stream)) return;
    const { streamId } = stream;
    if (streamId !== undefined) void this.#request('stream.cancel', { streamId }).catch(() => undefined);
    const cancelled = new RpcFault({ code: 'common.cancelled', status: 499, detail: '', hint: '' });
    this.#end(stream, () => stream.reject(reason instanceof Error ? reason : cancelled));
  }

  rejectAll(error: unknown): void {
    for (const stream of [...this.#streams]) this.#end(stream, () => stream.reject(error));
  }

  receive(method: string, params: Readonly<Record<string, unknown>>): void {
    const { streamId, seq, ...fields } = params;
    const stream = this.#byId.get(String(streamId));
    // What was seen already comes again after a resume that crossed a frame on its way.
    if (stream === undefined || typeof seq !== 'number' || seq <= stream.lastSeq) return;
    stream.lastSeq = seq;
    if (method === 'stream.data') {
      this.#scheduleConfirmation(fields);
      stream.onChunk('value' in fields && Object.keys(fields).length === 1 ? fields.value : fields);
    } else if (method === 'stream.end') {
      const error = fields.error as RpcErrorObject | undefined;
      this.#end(stream, () =>
        error === undefined ? stream.resolve(fields.result) : stream.reject(faultOfRpcError(error)),
      );
      void this.#request('stream.ack', { streamId, seq }).catch(() => undefined);
    }
  }

  #begin(stream: RunningStream): void {
    const { streamId } = stream;
    stream.begun = true;
    const opening =
      streamId === undefined
        ? this.#request(stream.method, stream.params)
        : this.#request('stream.resume', { streamId, afterSeq: stream.lastSeq });
    opening.then(
      (result) => this.#opened(stream, result),
      (error: unknown) => {
        // A connection that broke meanwhile: `connectionLost` has decided, or a resume follows.
        if (!isRpcFault(error, 'studio.answer_lost')) this.#end(stream, () => stream.reject(error));
      },
    );
  }

  #opened(stream: RunningStream, result: unknown): void {
    const { streamId } = result as { streamId: string };
    if (!this.#streams.has(stream)) {
      void this.#request('stream.cancel', { streamId }).catch(() => undefined);
      return;
    }
    stream.streamId = streamId;
    this.#byId.set(streamId, stream);
  }

  #scheduleConfirmation(fields: Readonly<Record<string, unknown>>): void {
    this.#unconfirmedBytes += typeof fields.data === 'string' ? fields.data.length : 100;
    if (this.#unconfirmedBytes >= acknowledgeAfterBytes) this.#confirm();
    else this.#timer ??= setTimeout(() => this.#confirm(), acknowledgeAfterMs);
  }

  #confirm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#unconfirmedBytes = 0;
    for (const stream of this.#streams) {
      const { streamId, lastSeq: seq } = stream;
      if (streamId === undefined || seq === stream.acknowledgedSeq) continue;
      stream.acknowledgedSeq = seq;
      void this.#request('stream.ack', { streamId, seq }).catch(() => undefined);
    }
  }

  #end(stream: RunningStream, settle: () => void): void {
    if (!this.#streams.delete(stream)) return;
    if (stream.streamId !== undefined) this.#byId.delete(stream.streamId);
    settle();
  }
}
