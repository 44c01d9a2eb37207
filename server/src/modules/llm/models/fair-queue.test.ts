import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fault, isFault } from '#base/fault.ts';
import type { QueuePlace } from '../source.ts';
import { FairQueue } from './fair-queue.ts';

interface Entered {
  readonly name: string;
  readonly done: () => void;
}

/** A queue whose clock stands still unless the test sets it, and a record of who got a turn in which order. */
function queueWorld(options: { parallel?: number; waitingAtMost?: number; perUser?: number } = {}) {
  let nowMs = 0;
  const order: Entered[] = [];
  const places = new Map<string, QueuePlace[]>();
  const queue = new FairQueue({
    parallel: options.parallel ?? 1,
    waitingAtMost: options.waitingAtMost ?? 100,
    waitingPerUserAtMost: options.perUser ?? 100,
    now: () => nowMs,
    full: (refusal) => fault('llm.queue_full', { ...refusal }),
  });
  const enter = (name: string, signal = new AbortController().signal): Promise<void> => {
    const [userId = name] = name.split(':');
    places.set(name, []);
    return queue
      .enter({ userId, signal, onQueued: (place) => places.get(name)?.push(place) })
      .then((turn) => void order.push({ name, done: () => turn[Symbol.dispose]() }));
  };
  const finishNext = async (index: number, durationMs = 100): Promise<void> => {
    nowMs += durationMs;
    order[index]?.done();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { queue, order, places, enter, finishNext };
}

test('someone who sends many requests delays another user by one, not by all', async () => {
  const { order, enter, finishNext } = queueWorld();
  const all = [...['a:1', 'a:2', 'a:3', 'a:4'], ...['b:1', 'c:1']].map((name) => enter(name));
  await all[0];
  for (let index = 0; index < 6; index += 1) await finishNext(index);
  await Promise.all(all);
  assert.deepEqual(
    order.map(({ name }) => name),
    ['a:1', 'b:1', 'c:1', 'a:2', 'a:3', 'a:4'],
  );
});

test('with several places no user takes all of them while others wait', async () => {
  const { order, enter, finishNext } = queueWorld({ parallel: 2 });
  const all = ['a:1', 'a:2', 'a:3', 'b:1', 'b:2'].map((name) => enter(name));
  await Promise.all(all.slice(0, 2));
  await finishNext(0);
  assert.equal(order[2]?.name, 'b:1');
  await finishNext(1);
  assert.equal(order[3]?.name, 'a:3', 'b has one running already');
  await finishNext(2);
  assert.equal(order[4]?.name, 'b:2');
});

test('each one sees its place and, once durations are known, how long it will take', async () => {
  const { places, enter, finishNext } = queueWorld();
  const all = ['a:1', 'a:2', 'a:3', 'b:1'].map((name) => enter(name));
  await all[0];
  assert.deepEqual(places.get('a:3')?.at(0), { position: 2, estimatedWaitMs: null });
  assert.deepEqual(places.get('a:3')?.at(-1), { position: 3, estimatedWaitMs: null }, 'b goes first');
  await finishNext(0, 500);
  assert.deepEqual(places.get('a:3')?.at(-1), { position: 2, estimatedWaitMs: 1_000 });
  assert.deepEqual(places.get('a:2')?.at(-1), { position: 1, estimatedWaitMs: 500 });
});

test('the time before the work begins is not counted into the wait of others', async () => {
  let nowMs = 0;
  const queue = new FairQueue({
    parallel: 1,
    waitingAtMost: 10,
    waitingPerUserAtMost: 10,
    now: () => nowMs,
    full: () => fault('llm.queue_full'),
  });
  const signal = new AbortController().signal;
  const first = await queue.enter({ userId: 'a', signal });
  nowMs += 60_000;
  first.restart();
  nowMs += 200;
  first[Symbol.dispose]();
  const second = await queue.enter({ userId: 'a', signal });
  const places: QueuePlace[] = [];
  const third = queue.enter({ userId: 'b', signal, onQueued: (place) => places.push(place) });
  assert.deepEqual(places, [{ position: 1, estimatedWaitMs: 200 }]);
  second[Symbol.dispose]();
  (await third)[Symbol.dispose]();
});

test('a full queue refuses at once and says when to try again', async () => {
  const { enter, finishNext, order } = queueWorld({ waitingAtMost: 3, perUser: 2 });
  const waiting = ['a:1', 'a:2', 'a:3'].map((name) => enter(name));
  await waiting[0];
  await assert.rejects(enter('a:4'), (error) => isFault(error, 'llm.queue_full'), 'a has two waiting');
  waiting.push(enter('b:1'));
  await assert.rejects(enter('c:1'), (error) => {
    assert.ok(isFault(error, 'llm.queue_full'));
    assert.equal(error.data.retryAfterMs, 1_000);
    assert.equal(error.data.waiting, 3);
    assert.equal(error.data.position, 2, 'behind b, who has had no turn either, before those of a');
    return true;
  });
  for (let index = 0; index < 4; index += 1) await finishNext(index);
  await Promise.all(waiting);
  assert.equal(order.length, 4);
});

test('who leaves while waiting is forgotten, and the others move up', async () => {
  const { queue, places, enter, finishNext, order } = queueWorld();
  const controller = new AbortController();
  const first = enter('a:1');
  await first;
  const leaving = enter('b:1', controller.signal);
  const staying = enter('c:1');
  controller.abort(new Error('gone'));
  await assert.rejects(leaving, /gone/);
  assert.equal(places.get('c:1')?.at(-1)?.position, 1);
  assert.equal(queue.waiting, 1);
  await finishNext(0);
  await staying;
  assert.deepEqual(
    order.map(({ name }) => name),
    ['a:1', 'c:1'],
  );
});

test('a paused queue lets nobody in until it goes on', async () => {
  const { queue, enter, order } = queueWorld({ parallel: 2 });
  queue.pause();
  const waiting = enter('a:1');
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(order.length, 0);
  queue.resume();
  await waiting;
  assert.equal(queue.running, 1);
});
