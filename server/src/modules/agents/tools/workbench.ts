import { isUtf8 } from 'node:buffer';
import type { Call, Client } from '#base/contract.ts';
import { fault, isFault } from '#base/fault.ts';
import { deleteWorkspacePath } from '#kernel/files/change.ts';
import { readWorkspaceFile } from '#kernel/files/read.ts';
import { unlimitedRoom, type Workspace } from '#kernel/files/workspace.ts';
import { writeWorkspaceFile } from '#kernel/files/write.ts';
import type { sandboxContract } from '#modules/sandbox/contract.ts';
import { isSecretFile } from '../changes/secret-files.ts';
import type { CommandLine } from '../contract-shapes.ts';

export interface RunOutcome {
  readonly exitCode: number | null;
  readonly output: string;
  readonly timedOut: boolean;
}

/** What a task can do in its copy of the project; nothing here reaches the project itself. */
export interface Workbench {
  /** The text of a file; null when it is not there, binary or larger than 1 MiB, or than asked. */
  read(path: string, limitBytes?: number): Promise<string | null>;
  /** Whether something is there that `read` cannot show whole, and whose writing would be blind. */
  isClosed(path: string): Promise<boolean>;
  /** @throws files.* */
  write(path: string, content: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Every file but those in folders that programs make, sorted. */
  list(): Promise<string[]>;
  /** Runs a program in the sandbox, in the copy; without network, unless its user has agreed. */
  run(command: CommandLine, reach?: { readonly network: boolean }): Promise<RunOutcome>;
}

const readBytes = 1024 ** 2;
const runTimeoutMs = 120_000;
/** What is there and is no text that could be shown; whatever else is wrong with a path, writing to it tells. */
const closed = new Set([
  'files.too_large',
  'files.not_a_file',
  'files.special_file',
  'files.hard_link_escapes',
]);
/** The repository's own folder is never in a copy, and nothing of it is ever proposed. */
const ownFolder = /(^|\/)\.git(\/|$)/i;

export function createWorkbench(parts: {
  readonly worktreePath: string;
  readonly stagingPath: string;
  readonly limits: { readonly fileBytes: number; readonly depth: number };
  readonly sandbox: Client<typeof sandboxContract>;
  readonly projectId: string;
  readonly taskId: string;
  readonly call: Call;
  /** Named by the user when the task was given. */
  readonly namedFiles: readonly string[];
  /** Told before and after each write: the path, or null for a program, which may write anything. */
  readonly wrote: (path: string | null) => void;
  /** The files of the copy. */
  readonly list: () => Promise<string[]>;
}): Workbench {
  const { sandbox, projectId, taskId, call, wrote } = parts;
  const workspace: Workspace = {
    workspacePath: parts.worktreePath,
    stagingPath: parts.stagingPath,
    limits: parts.limits,
    room: unlimitedRoom,
  };
  const named = new Set(parts.namedFiles);

  function assertAllowed(path: string): void {
    if (ownFolder.test(path)) throw fault('files.protected', { path });
    if (isSecretFile(path) && !named.has(path)) throw fault('files.protected', { path });
  }

  async function writing<Result>(path: string | null, write: () => Promise<Result>): Promise<Result> {
    wrote(path);
    try {
      return await write();
    } finally {
      wrote(path);
    }
  }

  return {
    async read(path, limitBytes = readBytes) {
      assertAllowed(path);
      try {
        const { content } = await readWorkspaceFile(workspace, path, { limitBytes });
        return isUtf8(content) && !content.includes(0) ? content.toString() : null;
      } catch (error) {
        if (isFault(error)) return null;
        throw error;
      }
    },
    async isClosed(path) {
      assertAllowed(path);
      try {
        const { content } = await readWorkspaceFile(workspace, path, { limitBytes: readBytes });
        return !isUtf8(content) || content.includes(0);
      } catch (error) {
        if (isFault(error)) return closed.has(error.code);
        throw error;
      }
    },
    async write(path, content) {
      assertAllowed(path);
      await writing(path, () =>
        writeWorkspaceFile(workspace, path, { content: Buffer.from(content), parents: true }),
      );
    },
    async remove(path) {
      assertAllowed(path);
      await writing(path, () => deleteWorkspacePath(workspace, path, { recursive: false }));
    },
    list: parts.list,
    async run({ command, args }, { network } = { network: false }) {
      const request = {
        projectId,
        worktreeId: taskId,
        command,
        args,
        timeoutMs: runTimeoutMs,
        ...(network ? { network: 'project' as const } : {}),
        limits: { memoryBytes: 1024 ** 3, outputBytes: 256 * 1024, processes: 256 },
      };
      const result = await writing(null, () => sandbox.call('run.exec', request, call));
      const text = (data: string, encoding: string) =>
        encoding === 'utf8' ? data : Buffer.from(data, 'base64').toString('latin1');
      const output = [text(result.stdout, result.stdoutEncoding), text(result.stderr, result.stderrEncoding)]
        .filter((part) => part !== '')
        .join('\n');
      return { exitCode: result.exitCode, output, timedOut: result.timedOut };
    },
  };
}
