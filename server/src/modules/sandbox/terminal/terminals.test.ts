import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Call, ChunkOf, ParamsOf, ResultOf } from '#base/contract.ts';
import { isFault } from '#base/fault.ts';
import { eventually } from '#kernel/testing/eventually.ts';
import { sandboxContract } from '../contract.ts';
import { type SandboxWorld, sandboxWorld } from '../testing/world.ts';

type Chunk = ChunkOf<typeof sandboxContract, 'run.terminal'>;
type End = ResultOf<typeof sandboxContract, 'run.terminal'>;

let s: SandboxWorld;

before(async () => {
  s = await sandboxWorld({ CDS_SANDBOX_TERMINAL_IDLE_MS: '8000', CDS_SANDBOX_SCROLLBACK_BYTES: '65536' });
});
after(() => s[Symbol.asyncDispose]());

const client = () => s.world.client(sandboxContract);

/** A connection to a terminal that reads all the time, as a browser's does. */
interface Connection {
  readonly id: () => string;
  readonly text: () => string;
  readonly offset: () => number;
  readonly startOffset: () => number;
  readonly ended: Promise<End>;
  type(data: string): Promise<void>;
  /** Waits until this was printed. */
  sees(text: string | RegExp): Promise<void>;
  leave(): Promise<void>;
}

function connect(
  request: Partial<ParamsOf<typeof sandboxContract, 'run.terminal'>> = {},
  call: Call = s.call(),
): Connection {
  let text = '';
  let attached: Extract<Chunk, { kind: 'attached' }> | null = null;
  let offset = 0;
  const stream = client().stream('run.terminal', { projectId: s.projectId, ...request }, call);
  const ended = (async () => {
    for (;;) {
      const step = await stream.next();
      if (step.done === true) return step.value;
      if (step.value.kind === 'attached') attached = step.value;
      else {
        text += step.value.data;
        offset = step.value.offset;
      }
    }
  })();
  ended.catch(() => undefined);
  const id = () => {
    assert.ok(attached !== null, 'not attached yet');
    return attached.terminal.terminalId;
  };
  return {
    id,
    text: () => text,
    offset: () => offset,
    startOffset: () => attached?.startOffset ?? -1,
    ended,
    async type(data) {
      await eventually(() => void id());
      await client().call('run.terminal.input', { terminalId: id(), data }, s.call());
    },
    sees: (wanted) =>
      eventually(() =>
        assert.ok(typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text), text),
      ),
    async leave() {
      (call as { abort?: (reason: unknown) => void }).abort?.(new Error('gone'));
      await ended.catch(() => undefined);
    },
  };
}

const close = (terminalId: string) => client().call('run.terminal.close', { terminalId }, s.call());

test('what is typed runs, and what it prints comes', async () => {
  const terminal = connect();
  await terminal.type('echo "answer: $((6 * 7))"\n');
  await terminal.sees('answer: 42');
  await terminal.type('exit 5\n');
  assert.deepEqual(await terminal.ended, {
    terminalId: terminal.id(),
    exitCode: 5,
    signal: null,
    killedBy: null,
  });
  await close(terminal.id());
});

test('Ctrl-C ends the program in the foreground, not the shell', async () => {
  const terminal = connect();
  await terminal.type('sleep 100\n');
  await delay(200);
  await terminal.type('\x03');
  await terminal.type('echo "still $((1 + 1))"\n');
  await terminal.sees('still 2');
  await close(terminal.id());
});

test('a terminal outlives its connection: another one finds the scrollback and goes on', async () => {
  const first = connect();
  await first.type('name=kept; echo "set $((40 + 2))"\n');
  await first.sees('set 42');
  const reached = first.offset();
  await first.leave();
  const second = connect({ terminalId: first.id() });
  await second.sees('set 42');
  assert.equal(second.text().startsWith(first.text()), true, 'the same from the start');
  await second.type('echo "is $name"\n');
  await second.sees('is kept');
  const third = connect({ terminalId: first.id(), afterOffset: reached });
  await third.sees('is kept');
  assert.equal(third.startOffset(), reached);
  assert.ok(!third.text().includes('set 42'), 'only what was missed');
  await close(first.id());
  assert.equal((await second.ended).killedBy, 'user');
  assert.equal((await third.ended).killedBy, 'user');
});

test('several terminals are apart, and are listed for their owner only', async () => {
  const [a, b] = [connect({ title: 'one' }), connect({ title: 'two' })];
  await a.type('echo in-a\n');
  await b.type('echo in-b\n');
  await a.sees('in-a');
  await b.sees('in-b');
  assert.ok(!a.text().includes('in-b'));
  const { terminals } = await client().call('run.terminal.list', { projectId: s.projectId }, s.call());
  assert.deepEqual(
    terminals.map(({ title, attached, running }) => ({ title, attached, running })),
    [
      { title: 'one', attached: 1, running: true },
      { title: 'two', attached: 1, running: true },
    ],
  );
  await Promise.all([close(a.id()), close(b.id())]);
  const left = await client().call('run.terminal.list', { projectId: s.projectId }, s.call());
  assert.deepEqual(left.terminals, []);
});

test('another user can neither attach, type, resize nor close', async () => {
  const terminal = connect();
  await terminal.sees('$');
  const terminalId = terminal.id();
  const stranger = () => s.world.call();
  const unknown = (error: unknown) => isFault(error, 'sandbox.terminal_unknown');
  await assert.rejects(connect({ terminalId }, stranger()).ended, unknown);
  await assert.rejects(client().call('run.terminal.input', { terminalId, data: 'x' }, stranger()), unknown);
  await assert.rejects(
    client().call('run.terminal.resize', { terminalId, columns: 80, rows: 24 }, stranger()),
    unknown,
  );
  await assert.rejects(client().call('run.terminal.close', { terminalId }, stranger()), unknown);
  await close(terminalId);
});

test('programs see the size of the terminal, and its change', async () => {
  const terminal = connect({ columns: 97, rows: 31 });
  await terminal.type('stty size\n');
  await terminal.sees('31 97');
  await client().call('run.terminal.resize', { terminalId: terminal.id(), columns: 120, rows: 40 }, s.call());
  await terminal.type('stty size\n');
  await terminal.sees('40 120');
  await close(terminal.id());
});

test('resizing after the end changes nothing and is no error; typing is told that it has ended', async () => {
  const terminal = connect({ command: 'true' });
  await terminal.ended;
  const terminalId = terminal.id();
  await client().call('run.terminal.resize', { terminalId, columns: 50, rows: 20 }, s.call());
  await assert.rejects(client().call('run.terminal.input', { terminalId, data: 'x' }, s.call()), (error) =>
    isFault(error, 'sandbox.terminal_ended'),
  );
  await close(terminalId);
});

test('closing ends everything in it, also what left the session', async () => {
  const mark = `mark-${process.pid}-terminal`;
  const terminal = connect();
  await terminal.type(
    `(setsid python3 -c "import signal,time; signal.signal(1,signal.SIG_IGN); time.sleep(60)" ${mark} &)\n`,
  );
  await eventually(() => assert.equal(processesWith(mark).length > 0, true));
  await close(terminal.id());
  await eventually(() => assert.deepEqual(processesWith(mark), []), 1000);
});

test('an endless printer neither fills memory nor holds up the shell of another', async () => {
  const [loud, quiet] = [connect(), connect()];
  await loud.type('yes\n');
  await eventually(() => assert.ok(loud.offset() > 200_000));
  const startedMs = performance.now();
  await quiet.type('echo "quiet $((2 + 2))"\n');
  await quiet.sees('quiet 4');
  assert.ok(performance.now() - startedMs < 8_000);
  await loud.type('\x03');
  await loud.type('echo "back $((3 + 3))"\n');
  await loud.sees('back 6');
  await loud.leave();
  const again = connect({ terminalId: loud.id() });
  await again.sees('back 6');
  assert.ok(again.text().length <= 65_536, 'scrollback is bounded');
  assert.ok(again.startOffset() > 0, 'and says that its start is missing');
  await Promise.all([close(loud.id()), close(quiet.id())]);
});

test('characters that arrive in two parts stay whole', async () => {
  const code = `import sys, time
for byte in 'ä€𝄞'.encode():
    sys.stdout.buffer.write(bytes([byte])); sys.stdout.flush(); time.sleep(0.01)`;
  const terminal = connect({ command: 'python3', args: ['-c', code] });
  await terminal.ended;
  assert.equal(terminal.text(), 'ä€𝄞');
  await close(terminal.id());
});

test('a program that does not read is not fed without end', async () => {
  const terminal = connect({ command: 'sleep', args: ['30'] });
  await eventually(() => void terminal.id());
  const type = () =>
    client().call('run.terminal.input', { terminalId: terminal.id(), data: 'x'.repeat(65_536) }, s.call());
  await assert.rejects(
    async () => {
      for (let count = 0; count < 40; count += 1) await type();
    },
    (error) => isFault(error, 'sandbox.terminal_flooded'),
  );
  await close(terminal.id());
});

test('a user gets no more terminals than allowed', async () => {
  const call = () => s.world.call({ userId: 'many-terminals' });
  const owner = await s.newProject(call());
  const open = () => {
    const stream = client().stream(
      'run.terminal',
      { projectId: owner, command: 'sleep', args: ['30'] },
      call(),
    );
    return stream.next();
  };
  const outcomes = await Promise.allSettled(Array.from({ length: 10 }, open));
  assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 8);
  const { terminals } = await client().call('run.terminal.list', { projectId: owner }, call());
  for (const { terminalId } of terminals) await client().call('run.terminal.close', { terminalId }, call());
});

test('a terminal that nobody uses is ended, one that is watched is not', async () => {
  const [watched, left] = [connect(), connect()];
  await watched.sees('$');
  await left.sees('$');
  await left.leave();
  s.world.clock.advance(9_000);
  await eventually(async () => {
    const { terminals } = await client().call('run.terminal.list', { projectId: s.projectId }, s.call());
    const endOf = (id: string) => terminals.find(({ terminalId }) => terminalId === id)?.killedBy;
    assert.equal(endOf(left.id()), 'idle');
    assert.equal(endOf(watched.id()), null);
  }, 20_000);
  await Promise.all([close(watched.id()), close(left.id())]);
});

function processesWith(mark: string): string[] {
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      return readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(mark);
    } catch {
      return false;
    }
  });
}
