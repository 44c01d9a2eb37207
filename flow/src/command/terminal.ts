import type { Language, LocalizedText } from '../core/language.ts';

/** Where a command writes and what it knows of its caller. Machine-readable output goes to `print`, progress to `printError`. */
export interface FlowTerminal {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly language: Language;
  /** The folder that relative paths start from. */
  readonly directory: string;
  print(text: string): void;
  printError(text: string): void;
  /** Replaces the last line on a terminal; left out where nobody watches. */
  status?(text: string): void;
}

export function say(terminal: FlowTerminal, text: LocalizedText): void {
  terminal.print(text[terminal.language]);
}
