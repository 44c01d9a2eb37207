import type { Call, Client } from '@cyberdevstudio/server/base/contract.ts';
import type { sandboxContract } from '@cyberdevstudio/server/modules/sandbox/contract.ts';
import { spawn } from '@lydell/node-pty';

/** Something that echoes what is typed. */
export interface Echo extends AsyncDisposable {
  /** Milliseconds from a key to its echo. */
  readonly roundTrip: () => Promise<number>;
}

/** A bare terminal on the host. */
export function bareEcho(): Echo {
  const pty = spawn('cat', [], { cols: 80, rows: 24, encoding: null });
  let heard: (() => void) | null = null;
  pty.onData(() => heard?.());
  return {
    async roundTrip() {
      const startedMs = performance.now();
      await new Promise<void>((resolve) => {
        heard = resolve;
        pty.write('x');
      });
      return performance.now() - startedMs;
    },
    async [Symbol.asyncDispose]() {
      pty.kill('SIGKILL');
    },
  };
}

/** A terminal of the platform, by its methods. */
export async function sandboxEcho(
  client: Client<typeof sandboxContract>,
  options: { projectId: string; call: () => Call },
): Promise<Echo> {
  const stream = client.stream(
    'run.terminal',
    { projectId: options.projectId, command: 'cat' },
    options.call(),
  );
  const first = await stream.next();
  if (first.done === true || first.value.kind !== 'attached') throw new Error('the terminal did not open');
  const { terminalId } = first.value.terminal;
  let heard: () => void = () => undefined;
  void (async () => {
    for (let step = await stream.next(); step.done !== true; step = await stream.next()) heard();
  })();
  // Until cat has taken over the terminal.
  await new Promise((resolve) => setTimeout(resolve, 300));
  return {
    async roundTrip() {
      const startedMs = performance.now();
      const echoed = new Promise<void>((resolve) => {
        heard = resolve;
      });
      await client.call('run.terminal.input', { terminalId, data: 'x' }, options.call());
      await echoed;
      return performance.now() - startedMs;
    },
    async [Symbol.asyncDispose]() {
      await client.call('run.terminal.close', { terminalId }, options.call());
    },
  };
}
