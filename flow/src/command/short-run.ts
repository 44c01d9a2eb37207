import { setFlagsFromString } from 'node:v8';

/**
 * Tells V8 that this process lives for seconds: without its slowest compiler a build of 550 pages takes a quarter less
 * processor time, and less time by the clock too; what that compiler makes faster would only pay off later.
 * For a process of our own that ends with the command, never for a server.
 */
export function expectShortRun(): void {
  setFlagsFromString('--no-turbofan');
}

/** Whether a command line makes a release and ends. */
export function isShortRun(argv: readonly string[]): boolean {
  const [first = 'run'] = argv;
  return first === 'run' || first === 'build' || first.startsWith('-');
}
