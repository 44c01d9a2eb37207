// @vitest-environment happy-dom
import { beforeEach, expect, test, vi } from 'vitest';
import { RpcConnection, type Socket } from './connection.ts';
import { isRpcFault } from './fault.ts';

/** A socket whose other side answers, or has vanished without closing it. */
class Line implements Socket {
  onopen: Socket['onopen'] = null;
  onmessage: Socket['onmessage'] = null;
  onclose: Socket['onclose'] = null;
  closed = false;
  sent: { id: number; method: string }[] = [];
  /** Methods that are answered; the others take their time. */
  answers = new Set<string>();

  send(text: string): void {
    const { id, method } = JSON.parse(text);
    this.sent.push({ id, method });
    if (this.answers.has(method)) this.answer(id);
  }
  answer(id: number): void {
    this.onmessage?.({ data: JSON.stringify({ jsonrpc: '2.0', id, result: 'done' }) });
  }
  close(): void {
    this.closed = true;
  }
}

let lines: Line[];
let connection: RpcConnection;

beforeEach(() => {
  vi.useFakeTimers();
  lines = [];
  connection = new RpcConnection({
    openSocket() {
      const line = new Line();
      lines.push(line);
      return line;
    },
    makeReady: async () => true,
    probeMethod: 'probe',
  });
  connection.start();
  lines[0]?.onopen?.();
});

test('a save on a network that vanished without a word is answered, and the connection begins anew', async () => {
  const outcome = connection.request('project.file.save', {}).catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(isRpcFault(await outcome, 'studio.answer_lost')).toBe(true);
  expect([lines[0]?.closed, lines.length]).toEqual([true, 2]);
});

test('a call that takes long is waited for as long as the other side answers', async () => {
  const [line] = lines;
  line?.answers.add('probe');
  const outcome = connection.request('sandbox.execute', {});
  await vi.advanceTimersByTimeAsync(600_000);
  expect([line?.closed, connection.state]).toEqual([false, 'open']);
  line?.answer(line.sent[0]?.id ?? 0);
  expect(await outcome).toBe('done');
  const asked = line?.sent.length;
  await vi.advanceTimersByTimeAsync(600_000);
  expect(line?.sent.length).toBe(asked);
});
