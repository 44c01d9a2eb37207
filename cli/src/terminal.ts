import type { Language, LocalizedText } from '@cyberdevstudio/server/base/fault.ts';

/** Where a command writes and what it knows of its caller. */
export interface Terminal {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly language: Language;
  print(text: string): void;
  printError(text: string): void;
  /** Only where a person looks on: writes without a new line, for what grows while they look. */
  readonly write?: (text: string) => void;
}

/** The language of the terminal by the usual variables (LC_ALL, LC_MESSAGES, LANG). */
export function terminalLanguage(environment: Readonly<Record<string, string | undefined>>): Language {
  const locale = environment.LC_ALL || environment.LC_MESSAGES || environment.LANG || '';
  return /^de/i.test(locale) ? 'de' : 'en';
}

/** The real terminal. One that has gone (a closed pipe, a window that was shut) takes nothing more and ends nothing. */
export function processTerminal(): Terminal {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
    });
  }
  return {
    environment: process.env,
    language: terminalLanguage(process.env),
    print: (text) => void process.stdout.write(`${text}\n`),
    printError: (text) => void process.stderr.write(`${text}\n`),
    ...(process.stdout.isTTY ? { write: (text: string) => void process.stdout.write(text) } : {}),
  };
}

/** Prints a text in the caller's language. */
export function say(terminal: Terminal, text: LocalizedText): void {
  terminal.print(text[terminal.language]);
}
