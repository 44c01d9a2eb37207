import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { eventually } from '#kernel/testing/eventually.ts';
import {
  type AccountingWorld,
  accountingWorld,
  askFor,
  ledgerThatGoesAway,
  testUse,
} from '../testing/accounting-world.ts';
import { createSingleHolds } from './single-holds.ts';

let it: AccountingWorld;

before(async () => {
  it = await accountingWorld();
});
after(() => it[Symbol.asyncDispose]());

const named = (userId: string, requestId: string = randomUUID()) =>
  askFor(userId, { requestId, repeatable: true });

test('a request with a name of its client is charged durably before its end is told, once', async () => {
  const userId = await it.userWith(1_000);
  await using singles = createSingleHolds(it.deps());
  const request = named(userId);
  const bill = await (await singles.hold(request)).settle(testUse);
  assert.deepEqual([bill.chargedTokens, bill.cost, bill.currency], [70, '0.00008', 'USD']);
  assert.deepEqual(await it.balanceOf(userId), { tokens: 930, heldTokens: 0 });
  await assert.rejects(singles.hold(request), { code: 'llm.request_repeated' });
  assert.equal(await it.requestsOf(userId), 1);
});

test('what was used under an Idempotency-Key while the ledger is away is answered, and charged when it is back', async () => {
  const userId = await it.userWith(1_000);
  const { state, cut } = ledgerThatGoesAway(it.deps().ledger);
  await using singles = createSingleHolds(it.deps({ ledger: cut, retryMs: [1, 1, 1] }));
  const request = named(userId);
  const hold = await singles.hold(request);
  state.away = true;
  assert.equal((await hold.settle(testUse)).chargedTokens, 70);
  await eventually(() => assert.ok(state.refusals > 10));
  state.away = false;
  await eventually(async () => {
    assert.deepEqual(await it.balanceOf(userId), { tokens: 930, heldTokens: 0 });
  });
  await assert.rejects(singles.hold(request), { code: 'llm.request_repeated' });
  assert.equal(await it.requestsOf(userId), 1);
});

test('a charge whose answer was lost is tried again and stands once', async () => {
  const userId = await it.userWith(1_000);
  const { ledger } = it.deps();
  let lost = 0;
  const deaf: typeof ledger = {
    ...ledger,
    async call(method, params, call) {
      const answer = await ledger.call(method, params, call);
      if (method !== 'ledger.draw' || lost === 2) return answer;
      lost += 1;
      throw new Error('the connection broke off before the answer came');
    },
  };
  await using singles = createSingleHolds(it.deps({ ledger: deaf, retryMs: [1] }));
  await (await singles.hold(named(userId))).settle(testUse);
  await singles[Symbol.asyncDispose]();
  assert.deepEqual(await it.balanceOf(userId), { tokens: 930, heldTokens: 0 });
  assert.equal(await it.requestsOf(userId), 1);
});

test('one that failed may be asked again under its name; its release is tried again too', async () => {
  const userId = await it.userWith(1_000);
  const { state, cut } = ledgerThatGoesAway(it.deps().ledger);
  await using singles = createSingleHolds(it.deps({ ledger: cut, retryMs: [1] }));
  const request = named(userId);
  const failed = await singles.hold(request);
  state.away = true;
  await failed.release();
  await eventually(() => assert.ok(state.refusals > 3));
  state.away = false;
  await eventually(async () => {
    assert.deepEqual(await it.balanceOf(userId), { tokens: 1_000, heldTokens: 0 });
  });
  await (await singles.hold(request)).settle(testUse);
  assert.equal(await it.requestsOf(userId), 1);
});
