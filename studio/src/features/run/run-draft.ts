import type { Params } from '../../rpc/contracts.ts';
import type { Files } from './command-form.tsx';
import { joinCommand, splitCommand } from './command-line.ts';
import type { LimitsInput } from './limits-editor.tsx';
import type { RunConfig } from './run-sidebar.tsx';
import type { EngineName } from './use-run.ts';

/** What the form holds: the line, its limits, and the configuration it came from. */
export interface Draft {
  readonly line: string;
  readonly limits: LimitsInput;
  readonly engine: EngineName;
  /** For wasm and micro: whether the program sees the project's files. */
  readonly files: Files;
  readonly keepInput: boolean;
  /** Of micro. */
  readonly network: boolean;
  readonly config?: RunConfig;
}

export const emptyDraft: Draft = {
  line: '',
  limits: {},
  engine: 'run',
  files: 'none',
  keepInput: false,
  network: false,
};

/** The form as a saved configuration filled it. */
export function draftOf(config: RunConfig): Draft {
  const { engine, files, keepInput, network, limits, timeoutMs } = config;
  return {
    line: joinCommand([config.command, ...config.args]),
    limits: { limits, ...(timeoutMs === null ? {} : { timeoutMs }) },
    engine,
    files,
    keepInput,
    network,
    config,
  };
}

/**
 * What to save of the form: over the configuration that it came from, or a new one named after its line. Undefined
 * for a line that names no program.
 */
export function savedDraft(projectId: string, draft: Draft): Params<'run.config.save'> | undefined {
  const { line, limits, engine, files, keepInput, network, config } = draft;
  const [command, ...args] = splitCommand(line);
  if (command === undefined) return undefined;
  return {
    projectId,
    name: config?.name ?? line.slice(0, 80),
    engine,
    files,
    command,
    args,
    timeoutMs: limits.timeoutMs ?? null,
    limits: limits.limits ?? {},
    keepInput,
    network: engine === 'micro' && network,
    ...(config === undefined ? {} : { configId: config.configId, env: config.env, cwd: config.cwd }),
  };
}
