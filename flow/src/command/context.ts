import path from 'node:path';
import { formatPlace } from '../core/fault.ts';
import type { StepLog } from '../core/progress.ts';
import type { FlowContext } from '../core/step.ts';
import { loadFlowConfig } from '../pipeline/load-config.ts';
import { outDirOf } from '../pipeline/pipeline.ts';
import { environmentOf, type FlowArguments } from './arguments.ts';
import type { FlowTerminal } from './terminal.ts';

/** What a command gets beside its arguments. */
export interface CommandInput {
  readonly args: FlowArguments;
  readonly terminal: FlowTerminal;
  readonly signal: AbortSignal;
}

/** The site's folder: `--root`, else where the command was called. */
export function rootDirOf({ args, terminal }: CommandInput): string {
  return path.resolve(terminal.directory, args.text('root') ?? '.');
}

/** A path of the command line, which starts where the command was called. */
export function pathOf({ terminal }: CommandInput, wish: string): string {
  return path.resolve(terminal.directory, wish);
}

/** Where the release lies: `--out`, else `.flow/release` in the site's folder. */
export function releaseDirOf(input: CommandInput): string {
  const wish = input.args.text('out');
  return wish === undefined ? outDirOf({ rootDir: rootDirOf(input) }) : pathOf(input, wish);
}

/** The context of a command that runs outside the eight steps. */
export async function commandContext(input: CommandInput): Promise<FlowContext> {
  const rootDir = rootDirOf(input);
  const outDir = releaseDirOf(input);
  return {
    rootDir,
    workDir: path.join(rootDir, '.flow'),
    outDir,
    releaseDir: outDir,
    config: await loadFlowConfig(rootDir),
    environment: environmentOf(input.args),
    dryRun: input.args.flag('dry-run'),
    env: input.terminal.environment,
    log: terminalLog(input.terminal),
    signal: input.signal,
    now: () => new Date(),
  };
}

function terminalLog(terminal: FlowTerminal): StepLog {
  const { language } = terminal;
  return {
    info: (text) => terminal.printError(text[language]),
    warn: (warning) => {
      const place = formatPlace(warning);
      terminal.printError(`${place === '' ? '' : `${place}: `}${warning.text[language]} (${warning.code})`);
      if (warning.fix) terminal.printError(`  → ${warning.fix[language]}`);
    },
    advance: () => undefined,
  };
}
