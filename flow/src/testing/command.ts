import { runFlowCommand } from '../command/main.ts';

export interface CommandResult {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

/** Runs `cds flow …` in a folder, in English, and keeps what it printed. */
export async function cdsFlow(
  directory: string,
  argv: readonly string[],
  options: { environment?: Readonly<Record<string, string | undefined>>; signal?: AbortSignal } = {},
): Promise<CommandResult> {
  const output: string[] = [];
  const errors: string[] = [];
  const code = await runFlowCommand(
    argv,
    {
      environment: options.environment ?? { PATH: process.env.PATH, HOME: directory },
      language: 'en',
      directory,
      print: (text) => output.push(text),
      printError: (text) => errors.push(text),
    },
    options.signal ?? new AbortController().signal,
  );
  return { code, output: output.join('\n'), errors: errors.join('\n') };
}
