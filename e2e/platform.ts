import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { testDatabase } from '@cyberdevstudio/server/kernel/testing/database.ts';

/** Which form of the platform the suite runs against: one process, or separate services. */
export const form: 'one' | 'split' = process.env.CDS_TEST_FORM === 'split' ? 'split' : 'one';

const main = fileURLToPath(new URL('../cli/src/main.ts', import.meta.url));

/** The platform as a user starts it, in processes of its own. */
export interface RunningPlatform extends AsyncDisposable {
  /** Address of the studio and of everything behind it. */
  readonly url: string;
  /** Address of the model server. */
  readonly modelsUrl: string;
  readonly dataDir: string;
  readonly adminPassword: string;
  readonly processes: readonly ChildProcess[];
}

export interface StartOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** An existing folder to start on again; it is then left to the caller. */
  readonly dataDir?: string;
  /** Overrides the suite's form. */
  readonly form?: 'one' | 'split';
}

/** Starts one `cds` process and waits until it has printed what `ready` looks for. */
export async function startCommand(
  argv: readonly string[],
  { environment, ready }: { environment: Readonly<Record<string, string>>; ready: RegExp },
): Promise<{ child: ChildProcess; match: RegExpExecArray }> {
  const child = spawn(process.execPath, [main, ...argv], {
    env: {
      PATH: process.env.PATH,
      HOME: environment.CDS_DATA_DIR,
      LANG: 'C.UTF-8',
      ...coverage(),
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  const match = await new Promise<RegExpExecArray>((resolve, reject) => {
    const look = (chunk: Buffer) => {
      text += chunk.toString();
      const found = ready.exec(text);
      if (found !== null) resolve(found);
    };
    child.stdout.on('data', look);
    child.stderr.on('data', look);
    child.once('exit', (code) => reject(new Error(`cds ${argv.join(' ')} ended with ${code}:\n${text}`)));
    setTimeout(
      () => reject(new Error(`cds ${argv.join(' ')} did not become ready:\n${text}`)),
      90_000,
    ).unref();
  });
  return { child, match };
}

function coverage(): Record<string, string> {
  const folder = process.env.NODE_V8_COVERAGE;
  return folder === undefined ? {} : { NODE_V8_COVERAGE: folder };
}

/** Ends a process as Ctrl-C would and waits for it; resolves with its exit code. */
export async function stopCommand(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  child.kill('SIGINT');
  const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
  const code = await ended;
  clearTimeout(timer);
  return code;
}

/** Starts the platform in the suite's form on a fresh data folder and free ports. */
export async function startPlatformProcesses(options: StartOptions = {}): Promise<RunningPlatform> {
  await using startup = new AsyncDisposableStack();
  const dataDir = options.dataDir ?? mkdtempSync(path.join(tmpdir(), 'cds-e2e-'));
  if (options.dataDir === undefined) startup.defer(() => rmSync(dataDir, { recursive: true, force: true }));
  const environment = {
    CDS_DATA_DIR: dataDir,
    CDS_PORT: '0',
    CDS_REGISTRATION: 'open',
    ...options.environment,
  };
  const running =
    (options.form ?? form) === 'one' ? await startOne(environment) : await startSplit(environment, startup);
  for (const child of running.processes) startup.defer(async () => void (await stopCommand(child)));
  const adminPassword = readFileSync(path.join(dataDir, 'first-admin-password.txt'), 'utf8').trim();
  const stack = startup.move();
  return { ...running, dataDir, adminPassword, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

async function startOne(environment: Record<string, string>) {
  const { child, match } = await startCommand(['start'], { environment, ready: /(http:\/\/[\d.]+:\d+) ·/ });
  const url = match[1] ?? '';
  return { url, modelsUrl: url, processes: [child] };
}

async function startSplit(environment: Record<string, string>, stack: AsyncDisposableStack) {
  const database = stack.use(await testDatabase());
  const shared = {
    ...environment,
    DATABASE_URL: database.connectionString,
    CDS_SECRET_KEY: randomBytes(32).toString('hex'),
    CDS_AUTH_PORT: '0',
    CDS_GATEWAY_PORT: '0',
    CDS_LLM_PORT: '0',
    CDS_STUDIO_PORT: '0',
    CDS_DATABASE_CONNECTIONS: '5',
  };
  const auth = await startCommand(['serve', 'auth'], { environment: shared, ready: /auth (http\S+)/ });
  const gateway = await startCommand(['serve', 'gateway'], {
    environment: shared,
    ready: /gateway (http\S+)/,
  });
  const models = await startCommand(['serve', 'llm'], { environment: shared, ready: /llm (http\S+)/ });
  const studio = await startCommand(['serve', 'studio'], { environment: shared, ready: /studio (http\S+)/ });
  return {
    url: studio.match[1] ?? '',
    modelsUrl: models.match[1] ?? '',
    processes: [auth.child, gateway.child, models.child, studio.child],
  };
}
