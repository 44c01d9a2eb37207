import { spawn } from 'node:child_process';
import { errnoOf } from '#kernel/files/descriptor.ts';

export interface ProcessInput {
  readonly command: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly stdin?: string | Uint8Array;
  readonly timeoutMs: number;
  /** Output beyond this is dropped and the process ended. */
  readonly outputBytes: number;
  readonly signal?: AbortSignal;
}

export interface ProcessResult {
  readonly exitCode: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
  readonly truncated: boolean;
  readonly timedOut: boolean;
  /** The program is not installed. */
  readonly missing: boolean;
}

const stderrBytes = 64 * 1024;

/** Runs a program without a shell to its end, within bounds. The whole process group ends with it. */
export function runProcess(input: ProcessInput): Promise<ProcessResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(input.command, input.args, {
      env: input.environment,
      cwd: '/',
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const stdout: Buffer[] = [];
    let stdoutBytes = 0;
    let stderr = '';
    let truncated = false;
    let timedOut = false;
    const end = () => {
      if (child.pid === undefined) return;
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch (error) {
        if (errnoOf(error) !== 'ESRCH') throw error;
      }
    };
    const timer = setTimeout(() => {
      timedOut = true;
      end();
    }, input.timeoutMs);
    input.signal?.addEventListener('abort', end, { once: true });
    const settle = () => {
      clearTimeout(timer);
      input.signal?.removeEventListener('abort', end);
    };
    child.stdout.on('data', (chunk: Buffer) => {
      const room = input.outputBytes - stdoutBytes;
      if (chunk.length > room) {
        truncated = true;
        end();
      }
      if (room > 0) stdout.push(chunk.subarray(0, room));
      stdoutBytes += chunk.length;
    });
    child.stderr.on('data', (chunk: Buffer) => {
      if (stderr.length < stderrBytes) stderr += chunk.toString('utf8');
    });
    // A child that ends without reading its input is no failure of ours.
    child.stdin.on('error', () => {});
    child.once('error', (error) => {
      settle();
      if (errnoOf(error) !== 'ENOENT') return reject(error);
      resolve({ exitCode: null, stdout: Buffer.alloc(0), stderr: '', truncated, timedOut, missing: true });
    });
    child.once('close', (exitCode) => {
      settle();
      if (input.signal?.aborted) return reject(input.signal.reason);
      resolve({ exitCode, stdout: Buffer.concat(stdout), stderr, truncated, timedOut, missing: false });
    });
    child.stdin.end(input.stdin ?? '');
  });
}
