import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test from 'node:test';
import { testDatabase } from '../testing/database.ts';
import { announcePeer, createPeerDirectory } from './peers.ts';

test('a process that starts after the clock was set back is found', async () => {
  await using world = await testDatabase();
  await world.migrate();
  const { database } = world;
  const clock = { nowMs: 3_600_000 };
  const peers = createPeerDirectory({ database, instanceId: randomUUID(), now: () => clock.nowMs });
  assert.deepEqual(await peers.locate('ledger'), []);
  const there = { instanceId: randomUUID(), service: 'auth', modules: ['ledger'], url: 'http://127.0.0.1:1' };
  await using _announced = await announcePeer(database, there);
  clock.nowMs = 0;
  assert.deepEqual(
    (await peers.locate('ledger')).map(({ url }) => url),
    ['http://127.0.0.1:1'],
  );
});
