import { faultOf } from './client.ts';
import { RpcFault } from './fault.ts';
import { offlineFault, renewSession } from './http.ts';

interface StreamOptions {
  readonly onChunk: (chunk: unknown) => void;
  readonly signal?: AbortSignal;
}

interface RunningStream {
  readonly method: string;
  readonly params: unknown;
  readonly onChunk: (chunk: unknown) => void;
  readonly settle: { resolve(result: unknown): void; reject(error: unknown): void };
  streamId: string | undefined;
  lastSeq: number;
}

interface Frame {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, unknown> & { streamId: string; seq: number };
  readonly result?: { streamId?: string };
  readonly error?: { code: number; message: string; data?: Record<string, unknown> };
}

const firstDelayMs = 250;
const longestDelayMs = 5_000;
const giveUpAfterMs = 55_000;

/** The one WebSocket for all streams; opened by the first, closed after the last. */
class StreamConnection {
  readonly #streams = new Set<RunningStream>();
  readonly #waiting = new Map<number, (frame: Frame) => void>();
  #socket: WebSocket | undefined;
  #nextId = 1;
  #brokenSinceMs: number | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;

  open(method: string, params: unknown, options: StreamOptions): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const { onChunk, signal } = options;
      const stream: RunningStream = {
        method,
        params,
        onChunk,
        settle: { resolve, reject },
        streamId: undefined,
        lastSeq: 0,
      };
      if (signal?.aborted === true) return reject(signal.reason);
      signal?.addEventListener('abort', () => this.#cancel(stream, signal.reason), { once: true });
      this.#streams.add(stream);
      if (this.#socket?.readyState === WebSocket.OPEN) this.#begin(stream);
      else this.#connect(firstDelayMs);
    });
  }

  #connect(delayMs: number): void {
    if (this.#socket !== undefined || this.#retry !== undefined) return;
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    const socket = new WebSocket(`${scheme}://${location.host}/ws`);
    this.#socket = socket;
    socket.onopen = () => {
      this.#brokenSinceMs = undefined;
      for (const stream of this.#streams) this.#begin(stream);
    };
    socket.onmessage = (event) => this.#receive(JSON.parse(String(event.data)) as Frame);
    socket.onclose = () => this.#lost(delayMs);
  }

  #lost(delayMs: number): void {
    this.#socket = undefined;
    this.#waiting.clear();
    if (this.#streams.size === 0) return;
    this.#brokenSinceMs ??= Date.now();
    if (Date.now() - this.#brokenSinceMs > giveUpAfterMs) {
      for (const stream of [...this.#streams]) this.#end(stream, () => stream.settle.reject(offlineFault()));
      return;
    }
    // A refused upgrade looks like a broken network: the session may have lapsed.
    void renewSession().catch(() => false);
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#connect(Math.min(delayMs * 2, longestDelayMs));
    }, delayMs);
  }

  #begin(stream: RunningStream): void {
    const { streamId, lastSeq } = stream;
    const resumed = streamId !== undefined;
    const method = resumed ? 'stream.resume' : stream.method;
    const params = resumed ? { streamId, afterSeq: lastSeq } : stream.params;
    this.#request(method, params, (frame) => {
      if (frame.error !== undefined) {
        const { error } = frame;
        this.#end(stream, () => stream.settle.reject(faultOf(error)));
      } else stream.streamId = frame.result?.streamId ?? streamId;
    });
  }

  #request(method: string, params: unknown, onAnswer: (frame: Frame) => void): void {
    const id = this.#nextId++;
    this.#waiting.set(id, onAnswer);
    this.#socket?.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
  }

  #receive(frame: Frame): void {
    if (frame.id !== undefined && frame.method === undefined) {
      this.#waiting.get(frame.id)?.(frame);
      this.#waiting.delete(frame.id);
      return;
    }
    const { params } = frame;
    const stream = [...this.#streams].find((candidate) => candidate.streamId === params?.streamId);
    if (stream === undefined || params === undefined || params.seq <= stream.lastSeq) return;
    stream.lastSeq = params.seq;
    const { streamId: _streamId, seq: _seq, ...fields } = params;
    if (frame.method === 'stream.data') stream.onChunk(fields);
    else if (frame.method === 'stream.end') {
      const { error } = fields as { error?: NonNullable<Frame['error']> };
      this.#end(stream, () =>
        error === undefined ? stream.settle.resolve(fields.result) : stream.settle.reject(faultOf(error)),
      );
    }
  }

  #cancel(stream: RunningStream, reason: unknown): void {
    if (!this.#streams.has(stream)) return;
    if (stream.streamId !== undefined && this.#socket?.readyState === WebSocket.OPEN) {
      this.#request('stream.cancel', { streamId: stream.streamId }, () => undefined);
    }
    this.#end(stream, () =>
      stream.settle.reject(
        reason instanceof Error
          ? reason
          : new RpcFault({ code: 'common.cancelled', status: 499, detail: '', hint: '' }),
      ),
    );
  }

  #end(stream: RunningStream, settle: () => void): void {
    this.#streams.delete(stream);
    settle();
  }
}

const connection = new StreamConnection();

/** Opens a streaming call; it goes on by itself over broken connections, without a gap or a repeated chunk. */
export function openStream(method: string, params: unknown, options: StreamOptions): Promise<unknown> {
  return connection.open(method, params, options);
}
