import type { Call, Client } from '#base/contract.ts';
import { fault, isFault } from '#base/fault.ts';
import type { sandboxContract } from '#modules/sandbox/contract.ts';

/** A program of somebody else that speaks a protocol over its standard input and output. */
export interface ProgramStart {
  readonly name: string;
  readonly projectId: string;
  /** Works in the copy of this task, not in the project. */
  readonly taskId: string | undefined;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly network: boolean;
  readonly outputBytes: number;
  readonly onOutput: (text: string) => void;
  /** Called once, with the reason in words. */
  readonly onEnd: (reason: string) => void;
}

export interface Program {
  /** Resolves when the program's pipe has taken it. @throws connections.ended */
  write(text: string): Promise<void>;
}

/** Characters of one piece of input. */
const pieceCharacters = 1024 * 1024;
const shownErrorCharacters = 400;
const limits = { memoryBytes: 512 * 1024 ** 2, processes: 128 } as const;
const longestMs = 3_600_000;

/**
 * Starts the program in the sandbox, never outside of it. It ends when `call` is aborted.
 * @throws connections.start_failed, and what project.access refuses with
 */
export async function startProgram(
  sandbox: Client<typeof sandboxContract>,
  start: ProgramStart,
  call: Call,
): Promise<Program> {
  const { maxima } = await sandbox.call('sandbox.engines', {}, call);
  const stream = sandbox.stream(
    'run.stream',
    {
      projectId: start.projectId,
      ...(start.taskId === undefined ? {} : { worktreeId: start.taskId }),
      command: start.command,
      args: [...start.args],
      env: { ...start.env },
      keepInput: true,
      network: start.network ? 'project' : 'none',
      timeoutMs: Math.min(longestMs, maxima.timeMs),
      limits: {
        memoryBytes: Math.min(limits.memoryBytes, maxima.memoryBytes),
        processes: Math.min(limits.processes, maxima.processes),
        outputBytes: Math.min(start.outputBytes, maxima.outputBytes),
      },
    },
    call,
  );
  const first = await stream.next();
  if (first.done === true || first.value.kind !== 'started') throw ended(start.name, 'it did not start');
  const { processId } = first.value;
  let problem: string | null = null;

  async function follow(): Promise<void> {
    let errors = '';
    try {
      for (;;) {
        const next = await stream.next();
        if (next.done === true) {
          const { killedBy, exitCode } = next.value;
          const how = killedBy === null ? `exit code ${exitCode}` : `ended by the limit on ${killedBy}`;
          problem = errors === '' ? how : `${how}: ${errors}`;
          break;
        }
        if (next.value.kind !== 'output') continue;
        const { data, encoding, stream: which } = next.value;
        const text = encoding === 'utf8' ? data : Buffer.from(data, 'base64').toString();
        if (which === 'stdout') start.onOutput(text);
        else errors = oneLine(errors + text).slice(-shownErrorCharacters);
      }
    } catch (error) {
      problem = isFault(error) ? error.code : 'it was ended';
    } finally {
      start.onEnd(problem ?? 'it was ended');
      await stream.return(undefined as never).catch(() => undefined);
    }
  }
  void follow();

  let writing = Promise.resolve();
  return {
    write(text) {
      const mine = writing.then(async () => {
        for (let at = 0; at < text.length; at += pieceCharacters) {
          if (problem !== null) throw ended(start.name, problem);
          const data = text.slice(at, at + pieceCharacters);
          await sandbox.call('run.input', { processId, data }, call).catch((error: unknown) => {
            throw ended(start.name, problem ?? (isFault(error) ? error.code : 'it reads no more'));
          });
        }
      });
      writing = mine.catch(() => undefined);
      return mine;
    },
  };
}

function ended(name: string, reason: string): Error {
  return fault('connections.ended', { name, reason });
}

/** A text of others as one line without control characters, for messages and lists. */
export function oneLine(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim();
}
