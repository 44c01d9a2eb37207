/** A program and its arguments. */
export interface CommandLine {
  readonly command: string;
  readonly args: readonly string[];
}

const pending = new Map<string, CommandLine>();

/**
 * Asks the run page to start something as soon as it shows. It is kept in memory and never part of an address:
 * a link that somebody sends must not be able to run a program.
 */
export function requestRun(projectId: string, line: CommandLine): void {
  pending.set(projectId, line);
}

/** Takes what was asked for, once. */
export function takeRequestedRun(projectId: string): CommandLine | undefined {
  const line = pending.get(projectId);
  pending.delete(projectId);
  return line;
}
