import assert from 'node:assert/strict';
import test from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { isFault } from '#base/fault.ts';
import { createPlaces } from './places.ts';

const options = {
  running: 2,
  runningPerUser: 2,
  memoryBytes: 1000,
  waitingPerUser: 3,
  waitMs: 60_000,
  cpuSecondsPerHour: 3600,
};
const request = (userId: string, memoryBytes = 1) => ({
  userId,
  memoryBytes,
  signal: new AbortController().signal,
});

/** Takes places and writes down who was admitted, in order. */
function recorder(places: ReturnType<typeof createPlaces>) {
  const admitted: string[] = [];
  const held: Disposable[] = [];
  return {
    admitted,
    held,
    take(userId: string, memoryBytes?: number) {
      return places.take(request(userId, memoryBytes)).then((place) => {
        admitted.push(userId);
        held.push(place);
      });
    },
    async endOne() {
      held.shift()?.[Symbol.dispose]();
      await turn();
    },
  };
}

test('users take turns when the machine is full', async () => {
  const { take, admitted, endOne } = recorder(createPlaces(options, () => 0));
  for (const user of ['greedy', 'greedy', 'greedy', 'greedy', 'greedy', 'modest']) void take(user);
  await turn();
  assert.deepEqual(admitted, ['greedy', 'greedy']);
  await endOne();
  await endOne();
  assert.deepEqual(admitted, ['greedy', 'greedy', 'greedy', 'modest']);
});

test('one user does not get every place', async () => {
  const { take, admitted } = recorder(createPlaces({ ...options, running: 3, runningPerUser: 2 }, () => 0));
  for (const user of ['greedy', 'greedy', 'greedy', 'modest']) void take(user);
  await turn();
  assert.deepEqual(admitted, ['greedy', 'greedy', 'modest']);
});

test('memory that was promised is not promised twice, and a big program is not overtaken for ever', async () => {
  let nowMs = 0;
  const { take, admitted, endOne } = recorder(createPlaces({ ...options, running: 10 }, () => nowMs));
  void take('first', 600);
  await turn();
  void take('big', 900);
  void take('small', 100);
  await turn();
  assert.deepEqual(admitted, ['first', 'small']);
  nowMs = 3000;
  void take('late', 100);
  await turn();
  assert.deepEqual(admitted, ['first', 'small'], 'the place is kept for the big one');
  await endOne();
  await endOne();
  assert.deepEqual(admitted, ['first', 'small', 'big', 'late']);
});

test('a program larger than everything still runs when it is alone', async () => {
  const { take, admitted } = recorder(createPlaces(options, () => 0));
  await take('huge', 5000);
  assert.deepEqual(admitted, ['huge']);
});

test('too many waiting, or waiting too long, is told with a time to try again', async () => {
  const places = createPlaces({ ...options, running: 1, waitingPerUser: 1, waitMs: 20 }, () => 0);
  const place = await places.take(request('a'));
  const waiting = places.take(request('b'));
  await assert.rejects(places.take(request('b')), (error) => isFault(error, 'sandbox.busy'));
  await assert.rejects(
    waiting,
    (error) => isFault(error, 'sandbox.busy') && error.data.retryAfterMs === 1000,
  );
  place[Symbol.dispose]();
  place[Symbol.dispose]();
  assert.deepEqual(places.counts(), { running: 0, waiting: 0 });
});

test('whoever leaves while waiting takes no place', async () => {
  const places = createPlaces({ ...options, running: 1 }, () => 0);
  const place = await places.take(request('a'));
  const leaving = new AbortController();
  const waiting = places.take({ userId: 'b', memoryBytes: 1, signal: leaving.signal });
  leaving.abort();
  await assert.rejects(waiting, (error) => isFault(error, 'common.cancelled'));
  place[Symbol.dispose]();
  assert.deepEqual(places.counts(), { running: 0, waiting: 0 });
});

test('whoever spent all processor time gets no place, and others do', async () => {
  const places = createPlaces(options, () => 0);
  (await places.take(request('a')))[Symbol.dispose]();
  places.spend('a', 3_600_001);
  await assert.rejects(places.take(request('a')), (error) => isFault(error, 'sandbox.cpu_quota'));
  (await places.take(request('b')))[Symbol.dispose]();
});

test('one user never holds the last quarter of the places or of the memory', async () => {
  const { take, admitted } = recorder(createPlaces({ ...options, running: 8, runningPerUser: 8 }, () => 0));
  for (let index = 0; index < 8; index += 1) void take('greedy');
  void take('modest');
  await turn();
  assert.deepEqual(admitted, [...Array<string>(6).fill('greedy'), 'modest']);
  const memory = recorder(createPlaces({ ...options, running: 8, runningPerUser: 8 }, () => 0));
  for (let index = 0; index < 3; index += 1) void memory.take('greedy', 300);
  void memory.take('modest', 300);
  await turn();
  assert.deepEqual(memory.admitted, ['greedy', 'greedy', 'modest']);
});

test('a program that waits for its user’s own share holds up nobody else', async () => {
  let nowMs = 0;
  const { take, admitted } = recorder(
    createPlaces({ ...options, running: 8, runningPerUser: 8 }, () => nowMs),
  );
  for (let index = 0; index < 3; index += 1) void take('greedy', 300);
  await turn();
  nowMs = 10_000;
  void take('modest', 200);
  void take('other', 100);
  await turn();
  assert.deepEqual(admitted, ['greedy', 'greedy', 'modest', 'other']);
});
