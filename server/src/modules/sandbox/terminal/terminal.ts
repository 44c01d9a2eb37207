import { cutOffLength } from '../run/text.ts';
import type { PtyEnded, PtyProcess } from './pty-process.ts';
import type { Scrollback } from './scrollback.ts';

/** Where a terminal belongs and what it runs. */
export interface TerminalIdentity {
  readonly terminalId: string;
  readonly projectId: string;
  readonly userId: string;
  readonly title: string;
  readonly command: string;
  readonly startedAtMs: number;
}

export interface TerminalOutput {
  readonly data: string;
  /** Offset behind the last byte of `data`. */
  readonly offset: number;
}

export interface TerminalEnd {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly killedBy: PtyEnded['killedBy'];
}

/** A terminal that any number of connections may watch. */
export interface Terminal extends TerminalIdentity {
  readonly process: PtyProcess;
  readonly scrollback: Scrollback;
  readonly size: () => { readonly columns: number; readonly rows: number };
  readonly resize: (columns: number, rows: number) => void;
  readonly attached: () => number;
  /** Null while it runs. */
  readonly end: () => TerminalEnd | null;
  readonly lastUsedMs: () => number;
  readonly write: (data: string) => void;
  /** Output from the offset on until the program has ended or the signal aborts. A slow reader misses what scrolled off. */
  readonly follow: (offset: number, signal: AbortSignal) => AsyncGenerator<TerminalOutput, void, undefined>;
}

const chunkBytes = 64 * 1024;
/**
 * A program that prints without end is read at this pace: 10 MB/s while somebody watches, an eighth of it otherwise. More
 * nobody can read, and it would cost the server its processor.
 */
const paceMs = 50;
const watchedBytesPerPace = 512 * 1024;
const unwatchedBytesPerPace = 64 * 1024;

export function createTerminal(
  identity: TerminalIdentity,
  parts: {
    readonly size: { readonly columns: number; readonly rows: number };
    readonly scrollback: Scrollback;
    readonly start: (onOutput: (data: Buffer) => void) => PtyProcess;
    readonly now: () => number;
  },
): Terminal {
  const { scrollback, now } = parts;
  const watchers = new Set<() => void>();
  let size = parts.size;
  let end: TerminalEnd | null = null;
  let lastUsedMs = now();
  let bytesOfPace = 0;
  let paceTimer: NodeJS.Timeout | null = null;

  function wakeWatchers(): void {
    for (const wake of watchers) wake();
  }

  function printed(data: Buffer): void {
    scrollback.append(data);
    bytesOfPace += data.length;
    paceTimer ??= setTimeout(() => {
      paceTimer = null;
      bytesOfPace = 0;
      process.resume();
    }, paceMs);
    if (bytesOfPace >= (watchers.size > 0 ? watchedBytesPerPace : unwatchedBytesPerPace)) process.pause();
    wakeWatchers();
  }

  const process = parts.start(printed);
  void process.ended.then(({ exitCode, signal, killedBy }) => {
    end = { exitCode, signal, killedBy };
    if (paceTimer !== null) clearTimeout(paceTimer);
    wakeWatchers();
  });

  async function* follow(
    offset: number,
    signal: AbortSignal,
  ): AsyncGenerator<TerminalOutput, void, undefined> {
    let wake: (() => void) | null = null;
    let woken = false;
    const onChange = () => {
      woken = true;
      wake?.();
    };
    watchers.add(onChange);
    signal.addEventListener('abort', onChange, { once: true });
    try {
      let at = offset;
      while (!signal.aborted) {
        woken = false;
        const { from, data } = scrollback.read(at, chunkBytes);
        // The rest of a character that is cut off comes with the next piece; at the end there is none.
        const whole = end === null ? data.subarray(0, data.length - cutOffLength(data)) : data;
        if (whole.length > 0) {
          at = from + whole.length;
          yield { data: whole.toString('utf8'), offset: at };
        } else if (end !== null) return;
        else if (!woken) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
          wake = null;
        }
      }
    } finally {
      watchers.delete(onChange);
      signal.removeEventListener('abort', onChange);
      lastUsedMs = now();
    }
  }

  return {
    ...identity,
    process,
    scrollback,
    size: () => size,
    resize(columns, rows) {
      size = { columns, rows };
      process.resize(columns, rows);
    },
    attached: () => watchers.size,
    end: () => end,
    lastUsedMs: () => (watchers.size > 0 && end === null ? now() : lastUsedMs),
    write(data) {
      lastUsedMs = now();
      process.write(data);
    },
    follow,
  };
}
