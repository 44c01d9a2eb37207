import { type InitPart, initParts, runInit } from '../init/init.ts';
import { usageFault } from './arguments.ts';
import { type CommandInput, commandContext } from './context.ts';
import { say } from './terminal.ts';

/** `cds flow init [parts…] [--dry-run]`: hooks, CI, Makefile targets, assistants' rules, a first flow.config.ts. */
export async function init(input: CommandInput): Promise<number> {
  const { args, terminal } = input;
  const result = await runInit(await commandContext(input), partsOf(args.words));
  for (const { path, outcome } of result.files) terminal.print(`${outcome.padEnd(9)} ${path}`);
  for (const note of result.notes) say(terminal, note);
  return 0;
}

function partsOf(words: readonly string[]): InitPart[] | undefined {
  if (words.length === 0) return undefined;
  const unknown = words.find((word) => !initParts.some((part) => part === word));
  if (unknown !== undefined) {
    const known = initParts.join(', ');
    throw usageFault({
      en: `init knows no "${unknown}", but: ${known}.`,
      de: `init kennt kein "${unknown}", aber: ${known}.`,
    });
  }
  return initParts.filter((part) => words.includes(part));
}
