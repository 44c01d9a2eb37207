import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { hash } from '@node-rs/argon2';
import { eventually } from '#kernel/testing/eventually.ts';
import { type Answer, authWorld, goodPassword, type SignedInUser } from './testing/auth-world.ts';

const server = await authWorld();
after(() => server[Symbol.asyncDispose]());
const { request } = server;
const { database } = server.world;

/**
 * Changes the password in the moment between its proof and what follows from it: the user is locked, the request runs
 * into the lock, and then the change is committed.
 */
async function changedMeanwhile(user: SignedInUser, ask: () => Promise<Answer>): Promise<Answer> {
  let asked: Promise<Answer> | undefined;
  await database.transaction(async (transaction) => {
    await transaction.query({
      text: 'select id from auth.users where id = $1 for update',
      values: [user.id],
    });
    asked = ask();
    await eventually(async () => {
      const waiting = await database.query({
        text: `select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      });
      assert.ok(waiting.length > 0);
    });
    await transaction.execute({
      text: 'update auth.users set password_hash = $2 where id = $1',
      values: [user.id, await hash('another quiet heron')],
    });
    await transaction.execute({ text: 'delete from auth.session where user_id = $1', values: [user.id] });
  });
  assert.ok(asked);
  return asked;
}

async function assertNewPasswordHolds(user: SignedInUser): Promise<void> {
  assert.equal((await server.login(user.username)).status, 401);
  assert.equal((await server.login(user.username, 'another quiet heron')).status, 200);
}

test('who proved the old password while it was changed is not signed in', async () => {
  const user = await server.register();
  const answer = await changedMeanwhile(user, () => server.login(user.username));
  assert.equal(answer.status, 401);
  assert.equal(answer.body.code, 'auth.invalid_credentials');
  await assertNewPasswordHolds(user);
});

test('the renewal of an old hash does not bring back a password that was changed meanwhile', async () => {
  const user = await server.register();
  await database.execute({
    text: 'update auth.users set password_hash = $2 where id = $1',
    values: [
      user.id,
      await hash(goodPassword, { algorithm: 2, memoryCost: 8_192, timeCost: 1, parallelism: 1 }),
    ],
  });
  const answer = await changedMeanwhile(user, () => server.login(user.username));
  assert.equal(answer.status, 401);
  await assertNewPasswordHolds(user);
});

test('of two changes of one password the second needs the first one’s', async () => {
  const user = await server.register();
  const body = { currentPassword: goodPassword, newPassword: 'a thief’s own choice' };
  const answer = await changedMeanwhile(user, () =>
    request('POST /auth/password', { body, token: user.accessToken }),
  );
  assert.equal(answer.status, 401);
  await assertNewPasswordHolds(user);
});
