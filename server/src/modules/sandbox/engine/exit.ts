import { constants } from 'node:os';

const signalNames = new Map<number, string>();
for (const [name, number] of Object.entries(constants.signals)) {
  // SIGIOT and SIGPOLL are second names of SIGABRT and SIGIO.
  if (!signalNames.has(number)) signalNames.set(number, name === 'SIGIOT' ? 'SIGABRT' : name);
}

/** How a program ended, in the way of a shell: 128 + n when signal n ended it. */
export interface Exit {
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/**
 * bubblewrap passes the program's exit code on, and 128 + n for signal n. A program that itself exits with such a
 * code looks the same, as it does to any shell.
 */
export function exitOf(code: number | null, signal: string | null): Exit {
  if (signal !== null) {
    const number = constants.signals[signal as NodeJS.Signals] ?? 0;
    return { exitCode: 128 + number, signal };
  }
  const name = code !== null && code > 128 && code <= 128 + 31 ? signalNames.get(code - 128) : undefined;
  return { exitCode: code, signal: name ?? null };
}
