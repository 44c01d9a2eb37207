import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

export interface Started extends AsyncDisposable {
  readonly url: string;
  readonly processId: number;
  /** From the command to the line that says it is ready. */
  readonly seconds: number;
}

/** Runs a command of this project until it prints an address, and ends it as Ctrl-C would. */
export async function startUntilAddress(
  argv: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<Started> {
  const startedMs = performance.now();
  const child: ChildProcess = spawn(
    process.execPath,
    argv.map((one) => one.replace('{root}', root)),
    {
      cwd: root,
      env: { ...process.env, ...environment },
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  let text = '';
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const found = /(?:http|postgresql|postgres):\/\/\S+/.exec(text)?.[0];
      if (found !== undefined) resolve(found);
    });
    child.once('exit', (code) =>
      reject(new Error(`${path.basename(argv[0] ?? '')} ended with ${code}:\n${text}`)),
    );
  });
  const seconds = (performance.now() - startedMs) / 1000;
  return {
    url,
    processId: child.pid ?? 0,
    seconds,
    async [Symbol.asyncDispose]() {
      const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      child.kill('SIGINT');
      await ended;
    },
  };
}
