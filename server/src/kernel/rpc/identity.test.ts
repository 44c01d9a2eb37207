import assert from 'node:assert/strict';
import test from 'node:test';
import { createIdentity } from './identity.ts';

const principal = {
  userId: 'u',
  username: 'u',
  role: 'developer' as const,
  credential: { kind: 'session' as const, sessionId: 's' },
};

function world(expiresAtMs = 1e9) {
  const state = { nowMs: 0, asked: 0, valid: true };
  const identity = createIdentity({
    now: () => state.nowMs,
    introspect: async () => {
      state.asked += 1;
      return state.valid ? { principal, expiresAtMs } : null;
    },
  });
  return { state, identity };
}

test('asks once for calls that come together, and once a second at most', async () => {
  const { state, identity } = world();
  await Promise.all([identity.authenticate('t'), identity.authenticate('t')]);
  await identity.authenticate('t');
  assert.equal(state.asked, 1);
  state.nowMs += 1_000;
  await identity.authenticate('t');
  assert.equal(state.asked, 2);
});

test('a revoked token is refused within a second, even when nobody told us', async () => {
  const { state, identity } = world();
  await identity.authenticate('t');
  state.valid = false;
  state.nowMs += 950;
  assert.equal(await identity.authenticate('t'), null);
});

test('forgets at once what belongs to a user or a session', async () => {
  const { state, identity } = world();
  await identity.authenticate('t');
  state.valid = false;
  identity.forget({ credentialId: 's' });
  assert.equal(identity.peek('t'), undefined);
  assert.equal(await identity.authenticate('t'), null);
});

test('believes no token past its end', async () => {
  const { state, identity } = world(500);
  assert.notEqual(await identity.authenticate('t'), null);
  state.nowMs = 500;
  assert.equal(await identity.authenticate('t'), null);
});

/** An identity whose answers the test gives, one question after the other. */
function slowWorld() {
  const state = { nowMs: 0 };
  const questions: PromiseWithResolvers<{ principal: typeof principal; expiresAtMs: number } | null>[] = [];
  const identity = createIdentity({
    now: () => state.nowMs,
    introspect: () => {
      const question = Promise.withResolvers<{ principal: typeof principal; expiresAtMs: number } | null>();
      questions.push(question);
      return question.promise;
    },
  });
  return { state, identity, questions };
}

test('an answer that was on its way when the token was revoked is not believed', async () => {
  const { identity, questions } = slowWorld();
  const asking = identity.authenticate('t');
  identity.forget({ credentialId: 's' });
  questions[0]?.resolve({ principal, expiresAtMs: 1e9 });
  await new Promise((resolve) => setImmediate(resolve));
  questions[1]?.resolve(null);
  assert.equal(await asking, null);
  assert.equal(identity.peek('t'), undefined);
});

test('an answer that took long is believed for a second from the question on', async () => {
  const { state, identity, questions } = slowWorld();
  const asking = identity.authenticate('t');
  state.nowMs = 700;
  questions[0]?.resolve({ principal, expiresAtMs: 1e9 });
  assert.notEqual(await asking, null);
  state.nowMs = 1_000;
  assert.equal(identity.peek('t'), undefined);
});

test('a clock that is set back makes no answer valid for longer', async () => {
  const { state, identity } = world();
  state.nowMs = 3_600_000;
  await identity.authenticate('t');
  state.nowMs = 0;
  assert.equal(identity.peek('t'), undefined);
});
