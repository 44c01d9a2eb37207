import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { pino } from 'pino';
import { fault } from '#base/fault.ts';
import type { Principal } from '#base/principal.ts';
import { eventually } from '#kernel/testing/eventually.ts';
import { type TestWorld, testWorld } from '#kernel/testing/world.ts';
import { ledgerContract } from '#modules/ledger/contract.ts';
import { ledger } from '#modules/ledger/module.ts';
import { createPurses, type PurseDeps } from './purses.ts';

let world: TestWorld;

before(async () => {
  world = await testWorld([ledger]);
});
after(() => world[Symbol.asyncDispose]());

async function userWith(tokens: number): Promise<string> {
  const userId = randomUUID();
  const credit = { userId, tokens, key: 'start', reason: 'start' };
  await world.client(ledgerContract).call('ledger.credit', credit, world.call(null));
  return userId;
}

async function balanceOf(userId: string) {
  const { balances } = await world
    .client(ledgerContract)
    .call('ledger.balances', { userIds: [userId] }, world.call(null));
  return balances[userId];
}

const price = { tokenWeight: '1', promptTokenCost: '0.000001', completionTokenCost: '0.000002' };

function pursesWith(idleMs: number, changed: Partial<PurseDeps> = {}) {
  return createPurses({
    ledger: world.client(ledgerContract),
    systemCall: () => world.call(null),
    lifetimeMs: 900_000,
    log: pino({ level: 'silent' }),
    now: world.clock.now,
    newId: randomUUID,
    idleMs,
    ...changed,
  });
}

const ask = (userId: string, change: { apiKeyId?: string; maxCompletionTokens?: number } = {}) => ({
  user: {
    userId,
    username: 'someone',
    role: 'developer',
    credential:
      change.apiKeyId === undefined
        ? { kind: 'session', sessionId: 's' }
        : { kind: 'apiKey', apiKeyId: change.apiKeyId },
  } satisfies Principal,
  requestId: randomUUID(),
  repeatable: false,
  model: 'm',
  endpoint: '/v1/chat/completions',
  price,
  promptTokens: 60,
  maxCompletionTokens: change.maxCompletionTokens ?? 40,
});

const used = { promptTokens: 60, cachedPromptTokens: 0, completionTokens: 10 };

test('many requests in a row are charged exactly, each once, and what was put aside comes back', async () => {
  const userId = await userWith(1_000_000);
  const purses = pursesWith(60_000);
  for (let turn = 0; turn < 40; turn += 1) {
    const hold = await purses.hold(ask(userId));
    const bill = await hold.settle(used);
    assert.deepEqual([bill.chargedTokens, bill.cost, bill.currency], [70, '0.00008', 'USD']);
  }
  const failed = await purses.hold(ask(userId));
  await failed.release();
  await purses[Symbol.asyncDispose]();
  assert.deepEqual(await balanceOf(userId), { tokens: 1_000_000 - 40 * 70, heldTokens: 0 });
});

test('requests at once never hold more than the balance, also while more is put aside for one key', async () => {
  const userId = await userWith(1_000);
  await using purses = pursesWith(60_000);
  const outcomes = await Promise.allSettled(
    Array.from({ length: 30 }, (_, turn) =>
      purses.hold(ask(userId, turn % 2 === 0 ? {} : { apiKeyId: 'key' })),
    ),
  );
  const holds = outcomes.filter((outcome) => outcome.status === 'fulfilled');
  assert.equal(holds.length, 10);
  for (const { value } of holds) await value.settle({ ...used, completionTokens: 40 });
  await purses[Symbol.asyncDispose]();
  assert.deepEqual(await balanceOf(userId), { tokens: 0, heldTokens: 0 });
});

test('what lies idle in one purse of a user serves the next one', async () => {
  const userId = await userWith(1_000);
  await using purses = pursesWith(60_000);
  for (let turn = 0; turn < 4; turn += 1) await (await purses.hold(ask(userId))).settle(used);
  const large = await purses.hold(ask(userId, { apiKeyId: 'other', maxCompletionTokens: 600 }));
  await large.release();
});

test('an answer that used more than was held for it takes the rest from the balance', async () => {
  const userId = await userWith(10_000);
  const purses = pursesWith(0);
  const hold = await purses.hold(ask(userId));
  await hold.settle({ ...used, completionTokens: 500 });
  await purses[Symbol.asyncDispose]();
  assert.deepEqual(await balanceOf(userId), { tokens: 10_000 - 560, heldTokens: 0 });
});

test('what was used while the ledger is away for long is charged when it is back', async () => {
  const userId = await userWith(1_000);
  const ledger = world.client(ledgerContract);
  let refusals = 0;
  let away = false;
  // The service restarts, or the network is cut: calls are refused.
  const cut: typeof ledger = {
    ...ledger,
    call(method, params, call) {
      if (!away) return ledger.call(method, params, call);
      refusals += 1;
      return Promise.reject(fault('common.unavailable', { service: 'ledger' }));
    },
  };
  await using purses = pursesWith(0, { ledger: cut, retryMs: [1, 1, 1] });
  const hold = await purses.hold(ask(userId));
  away = true;
  await hold.settle(used);
  await eventually(() => assert.ok(refusals > 10));
  away = false;
  await eventually(async () => {
    assert.deepEqual(await balanceOf(userId), { tokens: 1_000 - 70, heldTokens: 0 });
  });
});

test('a process that dies leaves a reservation that expires; nothing is billed', async () => {
  const userId = await userWith(1_000);
  const purses = pursesWith(60_000);
  await purses.hold(ask(userId));
  assert.equal((await balanceOf(userId))?.heldTokens, 100);
  // It is never settled, given back or disposed: as after kill -9.
  world.clock.advance(901_000);
  await world.platform.composition.runtimes.get('ledger')?.recover?.();
  assert.deepEqual(await balanceOf(userId), { tokens: 1_000, heldTokens: 0 });
});
