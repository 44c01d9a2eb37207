import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { createLiveText, type Piece } from './control/live-text.ts';
import { agentWorld } from './testing/agent-world.ts';

/** What a client has of the answer being written, put together as the contract says. */
function joined(pieces: readonly Piece[]): string {
  let text = '';
  for (const piece of pieces) {
    assert.ok(piece.from <= text.length, 'a piece is missing');
    if (piece.from + piece.text.length > text.length) text = text.slice(0, piece.from) + piece.text;
  }
  return text;
}

function written(context: TestContext) {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  const pieces: Piece[] = [];
  let nowMs = 0;
  const live = createLiveText({ tell: (piece) => pieces.push(piece), now: () => nowMs });
  return {
    live,
    pieces,
    pass: (ms: number) => {
      nowMs += ms;
    },
    /** What is gathered until now gets due. */
    gathered: () => context.mock.timers.tick(80),
  };
}

test('what comes close together is one piece; nothing is told while nobody looks', (context) => {
  const { live, pieces, gathered } = written(context);
  const unseen = live.begin('words');
  unseen.add({ text: 'unseen', tool: null });
  gathered();
  assert.deepEqual(pieces, []);
  live.looked(true);
  assert.equal(joined(pieces), 'unseen');
  for (const text of [' and', ' then', ' more']) unseen.add({ text, tool: null });
  gathered();
  assert.equal(pieces.length, 2);
  assert.equal(joined(pieces), 'unseen and then more');
  live.stop();
});

test('nothing is told any more when nobody has looked for a while', (context) => {
  const { live, pieces, pass, gathered } = written(context);
  live.looked(false);
  const answer = live.begin('words');
  pass(31_000);
  answer.add({ text: 'to nobody', tool: null });
  gathered();
  assert.deepEqual(pieces, []);
  live.stop();
});

test('an answer that has ended tells nothing more, and the next one names the step it follows', (context) => {
  const { live, pieces, gathered } = written(context);
  live.looked(true);
  live.stepped(3);
  const first = live.begin('words');
  first.add({ text: 'first', tool: null });
  first.end();
  live.stepped(4);
  const second = live.begin('code');
  first.add({ text: 'too late', tool: null });
  second.add({ text: 'second', tool: { name: 'write_file', characters: 12 } });
  gathered();
  assert.deepEqual(pieces, [
    { after: 4, from: 0, text: 'second', form: 'code', tool: { name: 'write_file', characters: 12 } },
  ]);
  live.stop();
});

test('of a very long answer a late watcher gets the end, in pieces that a message between processes holds', (context) => {
  const { live, pieces } = written(context);
  const answer = live.begin('code');
  for (let line = 0; line < 5_000; line += 1) answer.add({ text: `line ${line}\n`, tool: null });
  live.looked(true);
  assert.ok((pieces[0]?.from ?? 0) > 0);
  assert.ok(pieces.every(({ text }) => text.length <= 2_000));
  assert.ok(
    pieces
      .map(({ text }) => text)
      .join('')
      .endsWith('line 4999\n'),
  );
  live.stop();
});

test('what the model writes is there before its step, for a watcher that came late too, and is in no log', async () => {
  let goOn = () => {};
  const held = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  async function* slowly() {
    yield 'I am ';
    yield 'still thinking';
    await held;
    yield ' no more.';
  }
  await using it = await agentWorld({ 'a.txt': 'a' }, ({ index }) =>
    index === 0
      ? { tool: 'write_file', input: { path: 'a.txt', content: 'b' }, slowly: slowly() }
      : { tool: 'finish', input: { summary: 'done' } },
  );
  const taskId = await it.dispatch({ mode: 'tools' });
  const follow = async (onText: (text: string) => void) => {
    const order: number[] = [];
    let pieces: Piece[] = [];
    for await (const chunk of it.client.stream(
      'agent.watch',
      { taskId, live: true },
      it.world.call(it.owner),
    )) {
      if (chunk.kind !== 'writing') {
        order.push(chunk.sequence);
        pieces = [];
        continue;
      }
      assert.equal(chunk.after, order.at(-1), 'a piece comes right after the step that it follows');
      pieces.push(chunk);
      onText(joined(pieces));
    }
    return order;
  };
  let late: Promise<number[]> | undefined;
  const early = follow((text) => {
    if (text !== 'I am still thinking' || late !== undefined) return;
    late = follow((seen) => seen === 'I am still thinking' && goOn());
  });
  const order = await early;
  assert.deepEqual(await late, order);
  const { steps } = await it.call('agent.history', { taskId });
  assert.deepEqual(
    order,
    steps.map(({ sequence }) => sequence),
  );
  const said = steps.find(({ kind }) => kind === 'model')?.data.answer as { text: string };
  assert.equal(said.text, 'I am still thinking no more.');
  assert.ok(!steps.some(({ kind }) => (kind as string) === 'writing'));
});

test('a watcher that does not ask for it gets steps only', async () => {
  async function* slowly() {
    yield 'words';
  }
  await using it = await agentWorld({ 'a.txt': 'a' }, () => ({
    tool: 'finish',
    input: { summary: 'done' },
    slowly: slowly(),
  }));
  const taskId = await it.dispatch({ mode: 'tools' });
  for await (const { kind } of it.client.stream('agent.watch', { taskId }, it.world.call(it.owner)))
    assert.notEqual(kind, 'writing');
});
