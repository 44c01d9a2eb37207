import assert from 'node:assert/strict';
import test from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { createGrowthBatch } from './growth-batch.ts';

const project = { projectId: 'p', ownerId: 'o' };

/** A batch whose sums arrive when the test lets them. */
function held() {
  let stored = 0;
  const arrived: (() => void)[] = [];
  const batch = createGrowthBatch({
    delayMs: 1,
    tell: async (_projectId, { files }) => {
      await new Promise<void>((resolve) => arrived.push(resolve));
      stored += files;
    },
    onError: (error) => assert.fail(String(error)),
  });
  const onItsWay = async () => {
    while (arrived.length === 0) await turn();
  };
  return { batch, onItsWay, stored: () => stored, arrive: () => arrived.shift()?.() };
}

test('a total that is read while a sum is on its way counts it once: the quota is not exceeded at a flush', async () => {
  const { batch, onItsWay, stored, arrive } = held();
  batch.add(project, { bytes: 0, files: 400 });
  await onItsWay();
  const total = batch.undisturbed(async () => stored() + batch.waitingOf('o').files);
  await turn();
  arrive();
  assert.equal(await total, 400);
  await batch[Symbol.asyncDispose]();
});

test('a sum that comes due while a total is read waits for it', async () => {
  const { batch, onItsWay, stored, arrive } = held();
  batch.add(project, { bytes: 0, files: 7 });
  let goOn = () => {};
  const total = batch.undisturbed(async () => {
    const before = stored();
    await new Promise<void>((resolve) => {
      goOn = resolve;
    });
    return before + batch.waitingOf('o').files;
  });
  await new Promise((resolve) => setTimeout(resolve, 20));
  goOn();
  assert.equal(await total, 7);
  await onItsWay();
  arrive();
  await batch[Symbol.asyncDispose]();
  assert.equal(stored(), 7);
});
