import { spawn } from 'node:child_process';

/** What a program answered. Output is cut at `MOST_OUTPUT_BYTES`, the newest part stays. */
export type ProgramResult = Readonly<{
  code: number | null;
  stdout: Buffer;
  stderr: string;
  missing: boolean;
}>;

export type ProgramCall = Readonly<{
  command: string;
  args: readonly string[];
  cwd?: string;
  env?: Readonly<Record<string, string | undefined>>;
  input?: Uint8Array | string;
  signal?: AbortSignal;
  timeoutMs?: number;
}>;

const MOST_OUTPUT_BYTES = 64 * 1024 * 1024;

/**
 * Runs a program without a shell and waits for its end. Never rejects: `code` is null when it was killed (time-out,
 * abort) and `missing` is true when it isn't installed.
 */
export function runProgram(call: ProgramCall): Promise<ProgramResult> {
  const { promise, resolve } = Promise.withResolvers<ProgramResult>();
  const limit = AbortSignal.any([
    ...(call.signal ? [call.signal] : []),
    ...(call.timeoutMs === undefined ? [] : [AbortSignal.timeout(call.timeoutMs)]),
  ]);
  const child = spawn(call.command, call.args, {
    cwd: call.cwd,
    env: { ...(call.env ?? process.env) },
    stdio: ['pipe', 'pipe', 'pipe'],
    // Not spawn's own `timeout`: its timer outlives a program that could not be started.
    signal: limit,
    killSignal: 'SIGKILL',
  });
  // A grandchild may hold the pipes open; after a kill nobody waits for it.
  const letGo = () => {
    child.stdout.destroy();
    child.stderr.destroy();
  };
  limit.addEventListener('abort', letGo, { once: true });
  const stdout: Buffer[] = [];
  let stderr = '';
  let stdoutBytes = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    stdoutBytes += chunk.length;
    if (stdoutBytes <= MOST_OUTPUT_BYTES) stdout.push(chunk);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString('utf8')).slice(-16_384);
  });
  // A program that ends without reading its input closes the pipe; its exit code says what matters.
  child.stdin.on('error', () => undefined);
  child.on('error', (error) => {
    const missing = 'code' in error && error.code === 'ENOENT';
    if (child.pid === undefined)
      resolve({ code: null, stdout: Buffer.alloc(0), stderr: error.message, missing });
  });
  child.on('close', (code) => {
    resolve({ code, stdout: Buffer.concat(stdout), stderr, missing: false });
  });
  child.stdin.end(call.input ?? '');
  return promise;
}

/** The last line that says something: most programs put the reason there. */
export function lastLine(text: string): string {
  return text.trim().split('\n').at(-1)?.trim() ?? '';
}

/** One word for a POSIX shell, whatever it holds. */
export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
