import type { Duplex } from 'node:stream';

/** QEMU refused a command, or went away. */
export class MonitorError extends Error {}

export interface Monitor {
  /** Commands are answered in their order, so several may be under way. @throws MonitorError */
  readonly execute: (command: string, args?: Readonly<Record<string, unknown>>) => Promise<unknown>;
  /** Settles when an event of this name arrives; ask before the command that causes it. @throws MonitorError */
  readonly event: (name: string) => Promise<unknown>;
}

interface Message {
  readonly return?: unknown;
  readonly error?: { readonly desc: string };
  readonly event?: string;
  readonly data?: unknown;
}

/** QEMU's monitor (docs/interop/qmp-spec of QEMU): one JSON object a line. */
export function connectMonitor(stream: Duplex): Monitor {
  const pending: { resolve: (value: unknown) => void; reject: (error: Error) => void }[] = [];
  const listeners = new Map<
    string,
    { resolve: (value: unknown) => void; reject: (error: Error) => void }[]
  >();
  let gone: MonitorError | null = null;
  let text = '';

  stream.on('data', (data: Buffer) => {
    text += data.toString('utf8');
    // A monitor's lines are short; this is for a QEMU that was taken over.
    if (text.length > 4 * 1024 * 1024) stream.destroy(new Error('the monitor sends no lines'));
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
      const line = text.slice(0, end);
      text = text.slice(end + 1);
      if (line.trim() !== '') take(line);
    }
  });
  stream.on('error', (error) => leave(error.message));
  stream.on('close', () => leave('it has ended'));

  function take(line: string): void {
    let message: Message;
    try {
      message = JSON.parse(line) as Message;
    } catch {
      return;
    }
    if (message.event !== undefined) {
      const waiting = listeners.get(message.event) ?? [];
      listeners.delete(message.event);
      for (const { resolve } of waiting) resolve(message.data);
    } else if (message.error !== undefined) {
      pending.shift()?.reject(new MonitorError(message.error.desc));
    } else if ('return' in message) pending.shift()?.resolve(message.return);
  }

  function leave(reason: string): void {
    gone ??= new MonitorError(`QEMU does not answer: ${reason}`);
    for (const { reject } of [...pending.splice(0), ...[...listeners.values()].flat()]) reject(gone);
    listeners.clear();
  }

  return {
    execute(command, args) {
      if (gone !== null) return Promise.reject(gone);
      return new Promise((resolve, reject) => {
        pending.push({ resolve, reject });
        const message = { execute: command, ...(args === undefined ? {} : { arguments: args }) };
        stream.write(`${JSON.stringify(message)}\n`);
      });
    },
    event(name) {
      if (gone !== null) return Promise.reject(gone);
      return new Promise((resolve, reject) => {
        listeners.set(name, [...(listeners.get(name) ?? []), { resolve, reject }]);
      });
    },
  };
}
