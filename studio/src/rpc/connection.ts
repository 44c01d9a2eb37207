import { faultOfRpcError, type RpcErrorObject } from './fault.ts';
import { answerLostFault } from './http.ts';
import { type RunningStream, StreamSet } from './streams.ts';

export type ConnectionState = 'idle' | 'connecting' | 'open' | 'waiting';

/** What of the browser's WebSocket is used. */
export interface Socket {
  onopen: (() => void) | null;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onclose: ((event: { readonly code: number }) => void) | null;
  send(text: string): void;
  close(): void;
}

export interface ConnectionOptions {
  readonly openSocket: () => Socket;
  /** Called before another attempt when the server refused; resolves false when nobody is signed in any more. */
  readonly makeReady: () => Promise<boolean>;
  readonly onState?: (state: ConnectionState) => void;
  /** A small call that is always answered at once: it asks whether the other side is still there. */
  readonly probeMethod: string;
  /** After so long without any frame, while answers are due, the other side is asked. */
  readonly silenceMs?: number;
  readonly firstDelayMs?: number;
  readonly longestDelayMs?: number;
}

export interface StreamOptions {
  readonly onChunk: (chunk: unknown) => void;
  readonly signal?: AbortSignal;
  /** Beginning it a second time does no harm: it may be called again when the answer to the first was lost. */
  readonly restartable?: boolean;
}

interface Frame {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: unknown;
  readonly error?: RpcErrorObject;
}

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The one WebSocket of a tab (JSON-RPC 2.0). It comes back by itself with growing pauses; streams then go on after
 * the last frame that was seen, calls that were under way are rejected with studio.answer_lost.
 */
export class RpcConnection {
  readonly #options: ConnectionOptions;
  readonly #waiting = new Map<number, Waiting>();
  readonly #streams: StreamSet;
  #socket: Socket | undefined;
  #state: ConnectionState = 'idle';
  #wanted = false;
  #nextId = 1;
  #attempts = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#streams = new StreamSet((method, params) => this.request(method, params));
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Opens the connection and keeps it open. */
  start(): void {
    this.#wanted = true;
    if (this.#state === 'idle') this.#connect();
  }

  /** Closes it, as on signing out. Running streams end with studio.answer_lost. */
  stop(): void {
    this.#wanted = false;
    clearTimeout(this.#retry);
    this.#streams.rejectAll(answerLostFault());
    this.#socket?.close();
    this.#dropSocket();
    this.#become('idle');
  }

  /** Tries now instead of at the end of the pause. */
  hurry(): void {
    if (this.#state !== 'waiting') return;
    clearTimeout(this.#retry);
    this.#attempts = 0;
    this.#connect();
  }

  /** Sends a call; only while the connection is open. @throws RpcFault, studio.answer_lost */
  request(method: string, params: unknown): Promise<unknown> {
    const socket = this.#socket;
    if (this.#state !== 'open' || socket === undefined) return Promise.reject(answerLostFault());
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
      if (this.#silence === undefined) this.#expectFrame();
    });
  }

  /** Calls a streaming method; resolves with what `stream.end` carries. */
  stream(method: string, params: unknown, options: StreamOptions): Promise<unknown> {
    this.start();
    return new Promise((resolve, reject) => {
      const { signal } = options;
      if (signal?.aborted === true) return reject(signal.reason);
      const stream: RunningStream = {
        method,
        params,
        onChunk: options.onChunk,
        restartable: options.restartable === true,
        resolve,
        reject,
        streamId: undefined,
        begun: false,
        lastSeq: 0,
        acknowledgedSeq: 0,
      };
      signal?.addEventListener('abort', () => this.#streams.cancel(stream, signal.reason), { once: true });
      this.#streams.add(stream, this.#state === 'open');
    });
  }

  #connect(): void {
    this.#become('connecting');
    const socket = this.#options.openSocket();
    this.#socket = socket;
    socket.onopen = () => {
      this.#attempts = 0;
      this.#become('open');
      this.#streams.beginAll();
    };
    socket.onmessage = (event) => this.#receive(JSON.parse(String(event.data)) as Frame);
    socket.onclose = () => {
      if (this.#socket === socket) this.#lose();
    };
  }

  #lose(): void {
    this.#dropSocket();
    if (this.#wanted) void this.#comeBack();
    else this.#become('idle');
  }

  /**
   * A network that vanishes without a word (a laptop that slept, another Wi-Fi) closes no socket for many minutes.
   * Answers may take long; silence that also a probe does not end means that nobody is there.
   */
  #expectFrame(): void {
    clearTimeout(this.#silence);
    this.#silence = undefined;
    if (this.#waiting.size === 0) return;
    const { silenceMs = 20_000, probeMethod } = this.#options;
    this.#silence = setTimeout(() => {
      this.#silence = setTimeout(() => {
        this.#socket?.close();
        this.#lose();
      }, silenceMs / 2);
      this.request(probeMethod, {}).catch(() => undefined);
    }, silenceMs);
  }

  #dropSocket(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket !== undefined) {
      socket.onopen = null;
      socket.onmessage = null;
      socket.onclose = null;
    }
    for (const waiting of [...this.#waiting.values()]) waiting.reject(answerLostFault());
    this.#waiting.clear();
    this.#expectFrame();
    this.#streams.connectionLost();
  }

  async #comeBack(): Promise<void> {
    this.#become('waiting');
    const { firstDelayMs = 250, longestDelayMs = 15_000 } = this.#options;
    // A spread of a quarter: after a restart not every tab knocks in the same moment.
    const pauseMs =
      Math.min(firstDelayMs * 2 ** this.#attempts, longestDelayMs) * (0.875 + Math.random() / 4);
    this.#attempts += 1;
    const ready = await this.#options.makeReady().catch(() => true);
    if (!this.#wanted || this.#state !== 'waiting') return;
    if (!ready) return this.stop();
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#connect(), pauseMs);
  }

  #receive(frame: Frame): void {
    if (frame.id !== undefined && frame.method === undefined) {
      const waiting = this.#waiting.get(frame.id);
      this.#waiting.delete(frame.id);
      if (frame.error !== undefined) waiting?.reject(faultOfRpcError(frame.error));
      else waiting?.resolve(frame.result);
    } else if (frame.method !== undefined && frame.params !== undefined) {
      this.#streams.receive(frame.method, frame.params);
    }
    this.#expectFrame();
  }

  #become(state: ConnectionState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#options.onState?.(state);
  }
}
