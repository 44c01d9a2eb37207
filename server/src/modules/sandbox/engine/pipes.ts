import { execFile } from 'node:child_process';
import { closeSync, constants, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';

/** One direction of output: a named pipe that a sandbox writes and the server reads. */
export interface OutputPipe {
  /** Where the launcher's shell opens it for writing. */
  readonly path: string;
  readonly stream: Socket;
  /** To be called when the writer has ended: what is still in the pipe is read, then the stream ends. */
  readonly writerEnded: () => void;
  /** Gives the pipe back for the next run. */
  readonly release: () => void;
}

export interface PipePool {
  readonly take: () => Promise<OutputPipe>;
  readonly dispose: () => void;
}

const batch = 8;
const run = promisify(execFile);

/**
 * Named pipes, made in batches and used again. Node gives its children sockets as standard output, and a socket cannot be
 * opened by name: `echo … > /dev/stderr` would fail in every script. A pipe also holds at most 64 KiB, so a program
 * that prints faster than its reader reads is held back by the kernel.
 */
export function createPipePool(folder: string): PipePool {
  const idle: string[] = [];
  let made = 0;
  let making: Promise<void> | null = null;

  async function makeMore(): Promise<void> {
    const files = Array.from({ length: batch }, (_, index) => path.join(folder, `pipe-${made + index}`));
    made += batch;
    await run('mkfifo', ['-m', '600', ...files]);
    idle.push(...files);
  }

  async function take(): Promise<OutputPipe> {
    for (;;) {
      const file = idle.pop();
      if (file !== undefined) return openPipe(file, () => idle.push(file));
      making ??= makeMore().finally(() => {
        making = null;
      });
      await making;
    }
  }

  return {
    take,
    dispose() {
      for (let index = 0; index < made; index += 1)
        rmSync(path.join(folder, `pipe-${index}`), { force: true });
    },
  };
}

function openPipe(file: string, release: () => void): OutputPipe {
  const reader = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  // While no writer has it open a reader sees its end, so one is held until the program has ended.
  const keeper = openSync(file, constants.O_WRONLY | constants.O_NONBLOCK);
  const stream = new Socket({ fd: reader, readable: true, writable: false });
  let open = true;
  function writerEnded(): void {
    if (!open) return;
    open = false;
    closeSync(keeper);
  }
  stream.once('close', release);
  return {
    path: file,
    stream,
    writerEnded,
    release() {
      writerEnded();
      stream.destroy();
    },
  };
}
