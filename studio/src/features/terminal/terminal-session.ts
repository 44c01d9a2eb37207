import { rpc } from '../../rpc/client.ts';
import { isOffline, isRpcFault } from '../../rpc/fault.ts';

interface SessionOptions {
  readonly projectId: string;
  /** Attach to this one; undefined opens a new shell. */
  readonly terminalId: string | undefined;
  readonly size: () => { readonly columns: number; readonly rows: number };
  readonly write: (data: string) => void;
  readonly onAttached: (terminalId: string) => void;
  readonly onEnded: (exitCode: number | null) => void;
  readonly onFault: (error: unknown) => void;
}

const pauseMs = 1_000;

/**
 * One shell on the server and what is typed into it. It attaches again by itself where the output stopped; leaving
 * only detaches, the shell goes on.
 */
export class TerminalSession {
  readonly #options: SessionOptions;
  readonly #leaving = new AbortController();
  #terminalId: string | undefined;
  #offset: number | undefined;
  #typed = '';
  #sending = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#terminalId = options.terminalId;
    void this.#follow();
  }

  /** What is typed goes in order, several keys at once when they come faster than the server answers. */
  type(data: string): void {
    this.#typed += data;
    if (!this.#sending) void this.#send();
  }

  resize(size: { readonly columns: number; readonly rows: number }): void {
    if (this.#terminalId === undefined) return;
    rpc.call('run.terminal.resize', { terminalId: this.#terminalId, ...size }).catch(() => undefined);
  }

  leave(): void {
    this.#leaving.abort();
  }

  async #send(): Promise<void> {
    this.#sending = true;
    while (this.#typed !== '' && this.#terminalId !== undefined && !this.#leaving.signal.aborted) {
      const data = this.#typed.slice(0, 60_000);
      this.#typed = this.#typed.slice(data.length);
      try {
        await rpc.call('run.terminal.input', { terminalId: this.#terminalId, data });
      } catch (error) {
        // Whether lost keys arrived is unknown: typing them again could run a command twice.
        if (!isOffline(error)) this.#options.onFault(error);
      }
    }
    this.#sending = false;
  }

  async #follow(): Promise<void> {
    const { signal } = this.#leaving;
    while (!signal.aborted) {
      try {
        const { exitCode } = await this.#attach();
        if (!signal.aborted) this.#options.onEnded(exitCode);
        return;
      } catch (error) {
        if (signal.aborted) return;
        const again =
          isOffline(error) || isRpcFault(error, 'stream.gap', 'stream.unknown', 'stream.reader_stuck');
        // A new shell is not opened twice: whether the first call opened one shows in the list.
        if (!again || this.#terminalId === undefined) return this.#options.onFault(error);
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    }
  }

  #attach() {
    const { projectId } = this.#options;
    const attached = this.#terminalId === undefined ? {} : { terminalId: this.#terminalId };
    const after = this.#offset === undefined ? {} : { afterOffset: this.#offset };
    return rpc.stream(
      'run.terminal',
      { projectId, ...this.#options.size(), ...attached, ...after },
      {
        signal: this.#leaving.signal,
        restartable: this.#terminalId !== undefined,
        onChunk: (chunk) => {
          if (chunk.kind === 'output') {
            this.#offset = chunk.offset;
            this.#options.write(chunk.data);
            return;
          }
          this.#terminalId = chunk.terminal.terminalId;
          this.#options.onAttached(chunk.terminal.terminalId);
          if (this.#typed !== '' && !this.#sending) void this.#send();
        },
      },
    );
  }
}
