import { type ChildProcess, spawn } from 'node:child_process';
import { constants, rmSync } from 'node:fs';
import { access } from 'node:fs/promises';
import { setPriority, tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fault } from '#base/fault.ts';
import { endsWithParent } from '#kernel/supervise/parent-death.ts';
import type { LoadOptions } from '../protocol.ts';
import { endLostServers, makeServerFolder, noteServer } from './lost-servers.ts';
import { ServerClient } from './server-client.ts';

export interface ServerProcessOptions extends LoadOptions {
  /** The llama-server program. */
  readonly binary: string;
  readonly embeddings: boolean;
  readonly signal: AbortSignal;
  readonly log: (line: string) => void;
}

export interface ServerProcess extends AsyncDisposable {
  readonly client: ServerClient;
  readonly processId: number | undefined;
  readonly ended: Promise<{ readonly wanted: boolean; readonly reason: string }>;
}

const pollMs = 50;
const killAfterMs = 5_000;
const lastLinesKept = 20;
const nice = 5;

/**
 * Starts llama-server for one model on a socket that only this user can reach. It ends with this process, however that
 * ends. @throws llm.engine_failed
 */
export async function startServerProcess(options: ServerProcessOptions): Promise<ServerProcess> {
  await refuseMissing(options);
  endLostServers(tmpdir());
  const folder = makeServerFolder(tmpdir());
  const socketPath = path.join(folder, 'server.sock');
  const [program = '', ...args] = [...endsWithParent('KILL'), options.binary];
  const child = spawn(program, [...args, ...argumentsOf(options, socketPath)], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env.PATH, LANG: process.env.LANG },
  });
  noteServer(folder, child.pid);
  const running = new Running(child, {
    folder,
    client: new ServerClient(socketPath, options.modelId),
    log: options.log,
  });
  try {
    await running.ready(options);
    return running;
  } catch (error) {
    await running[Symbol.asyncDispose]();
    options.signal.throwIfAborted();
    throw error;
  }
}

/** What starts it for us would say so less clearly. */
async function refuseMissing({ binary, modelId }: ServerProcessOptions): Promise<void> {
  if (!binary.includes(path.sep)) return;
  await access(binary, constants.X_OK).catch((error: unknown) => {
    const reason = (error as Error).message;
    throw fault('llm.engine_failed', { model: modelId, reason }, { cause: error });
  });
}

function argumentsOf(options: ServerProcessOptions, socketPath: string): string[] {
  const { contextSize, parallel, threads, batchSize } = options;
  const batch = String(options.embeddings ? contextSize : batchSize);
  return [
    ...['--model', options.modelFile, '--host', socketPath, '--threads', String(threads)],
    ...['--ctx-size', String(contextSize * parallel), '--parallel', String(parallel), '--no-kv-unified'],
    ...['--batch-size', batch, '--ubatch-size', batch, '--no-context-shift', '--cache-ram', '0'],
    ...['--offline', '--jinja', '--no-slots', '--no-webui'],
    ...(options.embeddings ? ['--embedding'] : []),
  ];
}

interface RunningParts {
  readonly folder: string;
  readonly client: ServerClient;
  readonly log: (line: string) => void;
}

class Running implements ServerProcess {
  readonly client: ServerClient;
  readonly ended: ServerProcess['ended'];
  readonly #child: ChildProcess;
  readonly #lastLines: string[] = [];
  #wanted = false;
  #reason: string | null = null;

  constructor(child: ChildProcess, { folder, client, log }: RunningParts) {
    this.#child = child;
    this.client = client;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      for (const line of text.split('\n').filter((part) => part !== '')) {
        this.#lastLines.push(line);
        if (this.#lastLines.length > lastLinesKept) this.#lastLines.shift();
        log(line);
      }
    });
    this.ended = new Promise((resolve) => {
      const end = (reason: string): void => {
        this.#reason = reason;
        rmSync(folder, { recursive: true, force: true });
        resolve({ wanted: this.#wanted, reason });
      };
      child.on('error', (error) => end(error.message));
      child.on('exit', (code, signal) => end(this.#reasonOf(code, signal)));
    });
  }

  get processId(): number | undefined {
    return this.#child.pid;
  }

  /** Waits until the model is loaded. */
  async ready({ modelId, signal }: ServerProcessOptions): Promise<void> {
    if (this.processId !== undefined) setPriority(this.processId, nice);
    for (;;) {
      if (this.#reason !== null) throw fault('llm.engine_failed', { model: modelId, reason: this.#reason });
      if (await this.client.healthy(signal)) return;
      await wait(pollMs, undefined, { signal });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#wanted = true;
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), killAfterMs);
    await this.ended;
    clearTimeout(timer);
    await this.client[Symbol.asyncDispose]();
  }

  #reasonOf(code: number | null, signal: NodeJS.Signals | null): string {
    if (signal === 'SIGKILL' && !this.#wanted) return 'killed (SIGKILL), perhaps because memory ran out';
    if (signal !== null) return `ended by ${signal}`;
    return code === 0 ? 'ended' : `ended with code ${code}: ${this.#lastLines.at(-1) ?? 'no message'}`;
  }
}
