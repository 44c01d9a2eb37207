import assert from 'node:assert/strict';
import test from 'node:test';
import { isFault } from '#base/fault.ts';
import { testWorld } from '#kernel/testing/world.ts';
import { eventsContract, type Update } from './contract.ts';
import { events } from './module.ts';

const status = (value: 'ready' | 'degraded') => ({
  topic: 'system.status' as const,
  data: { status: value, version: '1.2.3' },
});
const notice = (audience: 'everybody' | 'admin' | { userId: string }, code: string) => ({
  topic: 'notification' as const,
  data: { level: 'info' as const, code, audience },
});

test('a subscriber hears the last status at once, then what is meant for them', async () => {
  await using world = await testWorld([events]);
  const client = world.client(eventsContract);
  const announce = (update: Parameters<typeof client.call<'updates.announce'>>[1]['update']) =>
    client.call('updates.announce', { update }, world.call(null));
  await announce(status('degraded'));
  await announce(status('ready'));

  const heard: Update[] = [];
  const stream = client.stream('updates.subscribe', {}, world.call({ userId: 'ada' }));
  heard.push((await stream.next()).value as Update);
  const waiting = stream.next();
  await announce(notice('admin', 'for-admins'));
  await announce(notice({ userId: 'bob' }, 'for-bob'));
  await announce(notice({ userId: 'ada' }, 'for-ada'));
  await announce(notice('everybody', 'for-all'));
  await announce({ topic: 'app.update', data: { version: '1.2.4' } });
  heard.push((await waiting).value as Update);
  heard.push((await stream.next()).value as Update);
  heard.push((await stream.next()).value as Update);
  await stream.return({});
  assert.deepEqual(
    heard.map((update) => ('code' in update.data ? update.data.code : update.topic)),
    ['system.status', 'for-ada', 'for-all', 'app.update'],
  );
  assert.deepEqual(heard[0]?.data, { status: 'ready', version: '1.2.3', detail: {} });
});

test('a subscription ends with its call, and one to few topics hears only those', async () => {
  await using world = await testWorld([events]);
  const client = world.client(eventsContract);
  const call = world.call();
  const stream = client.stream('updates.subscribe', { topics: ['app.update'] }, call);
  const next = stream.next();
  await client.call('updates.announce', { update: status('ready') }, world.call(null));
  (call as unknown as { abort(reason: unknown): void }).abort(new Error('the client left'));
  assert.deepEqual(await next, { done: true, value: {} });
});

test('a reader that stops reading loses its subscription instead of filling memory', async () => {
  await using world = await testWorld([events]);
  const client = world.client(eventsContract);
  const stream = client.stream('updates.subscribe', {}, world.call());
  const first = stream.next();
  for (let number = 0; number < 300; number += 1) {
    await client.call('updates.announce', { update: notice('everybody', `n${number}`) }, world.call(null));
  }
  await first;
  let read = 1;
  await assert.rejects(
    async () => {
      for await (const _ of stream) read += 1;
    },
    (error) => isFault(error, 'events.reader_too_slow'),
  );
  assert.ok(read <= 300 && read >= 256, `${read} were kept`);
});
