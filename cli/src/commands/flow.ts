import { runStandalone } from '@cyberdevstudio/flow/command/standalone.ts';

/** `cds flow …`: the production flow, in any folder and without the platform. */
export function run(argv: readonly string[]): Promise<number> {
  return runStandalone(argv);
}
