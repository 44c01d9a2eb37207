import { chooseLanguage } from '../core/language.ts';
import { runFlowCommand } from './main.ts';
import { expectShortRun, isShortRun } from './short-run.ts';
import { withSignals } from './signals.ts';
import type { FlowTerminal } from './terminal.ts';

/** The terminal of this process. */
function processTerminal(): FlowTerminal {
  const { stderr } = process;
  let hasStatus = false;
  const clear = () => {
    if (hasStatus) stderr.write('\r\u001b[K');
    hasStatus = false;
  };
  return {
    environment: process.env,
    language: chooseLanguage(undefined, process.env),
    directory: process.cwd(),
    print: (text) => {
      clear();
      process.stdout.write(`${text}\n`);
    },
    printError: (text) => {
      clear();
      stderr.write(`${text}\n`);
    },
    ...(stderr.isTTY
      ? {
          status: (text: string) => {
            stderr.write(`\r\u001b[K${text}`);
            hasStatus = true;
          },
        }
      : {}),
  };
}

/** The whole command, for `cds flow` and for the flow's own program. */
export function runStandalone(argv: readonly string[]): Promise<number> {
  if (isShortRun(argv)) expectShortRun();
  return withSignals((signal) => runFlowCommand(argv, processTerminal(), signal));
}

if (import.meta.main) process.exitCode = await runStandalone(process.argv.slice(2));
