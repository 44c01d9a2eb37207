import { type ParseArgsConfig, parseArgs } from 'node:util';
import { FlowFault } from '../core/fault.ts';
import type { Environment } from '../core/step.ts';

/** Options that every command of the flow takes. */
const commonOptions = {
  root: { type: 'string' },
  out: { type: 'string' },
  env: { type: 'string' },
  lang: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const satisfies ParseArgsConfig['options'];

type OptionShape = Readonly<Record<string, { type: 'string' | 'boolean'; short?: string }>>;

/** A command line: what stands before `--`, what stands behind it, and the options. */
export interface FlowArguments {
  readonly words: readonly string[];
  readonly behind: readonly string[];
  text(name: string): string | undefined;
  flag(name: string): boolean;
}

/** Reads a command line. @throws command.usage for an option that the command does not know */
export function readArguments(argv: readonly string[], options: OptionShape): FlowArguments {
  const split = argv.indexOf('--');
  const before = split === -1 ? argv : argv.slice(0, split);
  try {
    const { values, positionals } = parseArgs({
      args: [...before],
      options: { ...commonOptions, ...options },
      allowPositionals: true,
      strict: true,
    });
    const found: Readonly<Record<string, unknown>> = values;
    return {
      words: positionals,
      behind: split === -1 ? [] : argv.slice(split + 1),
      text: (name) => (typeof found[name] === 'string' ? found[name] : undefined),
      flag: (name) => found[name] === true,
    };
  } catch (cause) {
    const reason = cause instanceof Error ? (cause.message.split('. ')[0] ?? cause.message) : String(cause);
    throw usageFault({ en: reason, de: reason });
  }
}

/** `--env`: prod when not given. @throws command.usage */
export function environmentOf(args: FlowArguments): Environment {
  const wish = args.text('env') ?? 'prod';
  const known = (['dev', 'staging', 'prod'] as const).find((one) => one === wish);
  if (known === undefined)
    throw usageFault({
      en: `--env ${wish}: dev, staging or prod.`,
      de: `--env ${wish}: dev, staging oder prod.`,
    });
  return known;
}

/** The fault of a wrong command line; exit code 2. */
export function usageFault(text: { en: string; de: string }): FlowFault {
  return new FlowFault('command.usage', {
    text,
    fix: { en: 'See: cds flow help', de: 'Siehe: cds flow help' },
  });
}
