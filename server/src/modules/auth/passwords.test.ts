import assert from 'node:assert/strict';
import test from 'node:test';
import { isFault } from '#base/fault.ts';
import { createPasswords } from './passwords.ts';

test('a hash proves its own password and no other', async () => {
  const passwords = await createPasswords();
  const stored = await passwords.hash('seven quiet herons');
  assert.equal(await passwords.verify('seven quiet herons', stored), true);
  assert.equal(await passwords.verify('seven quiet heron', stored), false);
  assert.equal(await passwords.verify('seven quiet herons', undefined), false);
  assert.notEqual(await passwords.hash('seven quiet herons'), stored);
});

test('a flood of sign-ins waits in a bounded queue, and the rest is turned away at once', async () => {
  const passwords = await createPasswords({ atOnce: 1, waiting: 2 });
  const outcomes = await Promise.allSettled(
    Array.from({ length: 6 }, () => passwords.hash('flood of hashes')),
  );
  assert.deepEqual(
    outcomes.map((outcome) => outcome.status),
    ['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected', 'rejected'],
  );
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') assert.ok(isFault(outcome.reason, 'auth.busy'));
  }
  assert.ok(await passwords.hash('room again'));
});
