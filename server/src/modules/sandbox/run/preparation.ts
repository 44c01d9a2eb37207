import type { Call } from '#base/contract.ts';
import { fault } from '#base/fault.ts';

/** What projects tell about one of them, as far as running programs needs it. */
export interface ProjectAccess {
  readonly workspacePath: string;
  readonly usage: {
    readonly bytes: number;
    readonly files: number;
    readonly limitBytes: number;
    readonly limitFiles: number;
  };
}

export type AccessProject = (
  request: {
    readonly projectId: string;
    readonly userId: string;
    readonly need: 'read' | 'write' | 'own';
    readonly worktreeId?: string;
  },
  call: Call,
) => Promise<ProjectAccess>;

/** Bytes of arguments and environment together; the kernel allows about two million, the host's shell takes part of it. */
const commandBytesLimit = 1_000_000;
/** Bytes of one argument or variable (MAX_ARG_STRLEN of Linux, less what belongs to it). */
const stringBytesLimit = 131_000;

interface CommandLine {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

/**
 * Checks what the schema can't.
 * @throws sandbox.command_too_long, sandbox.folder_invalid
 */
export function checkCommandLine({ command, args, env, cwd }: CommandLine): void {
  const sizes = [
    ...[command, ...args].map((text) => Buffer.byteLength(text)),
    ...Object.entries(env).map(([name, value]) => Buffer.byteLength(name) + Buffer.byteLength(value) + 1),
  ];
  if (sizes.some((bytes) => bytes > stringBytesLimit)) {
    throw fault('sandbox.command_too_long', { limitBytes: stringBytesLimit });
  }
  if (sizes.reduce((sum, bytes) => sum + bytes, 0) > commandBytesLimit) {
    throw fault('sandbox.command_too_long', { limitBytes: commandBytesLimit });
  }
  // bubblewrap enters the folder inside of the sandbox, so a link there can't lead out of it; this is for clear words.
  if (cwd.startsWith('/') || cwd.split('/').includes('..')) {
    throw fault('sandbox.folder_invalid', { path: cwd.slice(0, 200) });
  }
}
