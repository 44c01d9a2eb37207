import { splitCommand } from './command-line.ts';
import type { EngineName, RunInput } from './use-run.ts';

type Program = NonNullable<RunInput['program']>;

/**
 * What a typed line asks an engine for. For wasm the first word is a file of the project; `file.wasm#name` calls an
 * exported function instead of the program. Undefined when nothing is asked for.
 */
export function programOf(engine: EngineName, line: string): Program | undefined {
  const [command, ...args] = splitCommand(line);
  if (command === undefined) return undefined;
  if (engine !== 'wasm') return { kind: 'command', command, args };
  const mark = command.lastIndexOf('#');
  if (mark <= 0) return { kind: 'module', path: command, args };
  return { kind: 'module', path: command.slice(0, mark), function: command.slice(mark + 1), args };
}
