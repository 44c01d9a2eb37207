import assert from 'node:assert/strict';
import test from 'node:test';
import { pino } from 'pino';
import { z } from 'zod';
import { defineContract } from '#base/contract.ts';
import type { Database } from '../database/database.ts';
import type { EventEnvelope } from '../module.ts';
import { testDatabase } from '../testing/database.ts';
import { eventually } from '../testing/eventually.ts';
import { createEventBus, type EventBus, type EventBusOptions } from './bus.ts';
import { listDeadLetters, requestRetry } from './dead-letters.ts';
import { createPostgresTransport } from './postgres-transport.ts';
import { rebaseRestoredEvents, removeOldEvents } from './retention.ts';
import { createLocalTransport } from './transport.ts';

const contract = defineContract('things', {
  methods: {},
  faults: {},
  events: {
    'thing.made': { summary: 'made', payload: z.strictObject({ number: z.int() }), durable: true },
    'thing.seen': { summary: 'seen', payload: z.strictObject({ text: z.string() }), durable: false },
    'other.made': { summary: 'other', payload: z.strictObject({}), durable: true },
  },
});

const log = pino({ level: 'silent' });

function busOn(database: Database, options: Partial<EventBusOptions> = {}): EventBus {
  return createEventBus({
    database,
    transport: createLocalTransport(),
    now: Date.now,
    log,
    processId: `test-${Math.random()}`,
    pollMs: 50,
    ...options,
  });
}

async function migrated() {
  const test = await testDatabase();
  await test.migrate();
  return test;
}

const numbersOf = (events: readonly EventEnvelope[]) =>
  events.map((event) => (event.payload as { number: number }).number);

test('a payload that does not fit the contract is refused', async () => {
  await using db = await migrated();
  await using bus = busOn(db.database);
  const publish = bus.publisher(contract);
  await assert.rejects(publish('thing.made', { number: 'three' } as unknown as { number: number }));
  await assert.rejects(publish('thing.gone' as 'thing.made', { number: 3 }), /announces no event/);
});

test('subscribers hear what matches their pattern, and one that throws harms no other', async () => {
  await using db = await migrated();
  await using bus = busOn(db.database);
  const heard: string[] = [];
  bus.events.subscribe('thing.*', () => {
    throw new Error('this one fails');
  });
  bus.events.subscribe('thing.*', (event) => heard.push(`family ${event.name}`));
  bus.events.subscribe('thing.seen', (event) => heard.push(`exact ${event.name}`));
  using all = bus.events.subscribe('*', (event) => heard.push(`all ${event.name}`));
  const publish = bus.publisher(contract);
  await publish('thing.seen', { text: 'a' });
  await publish('other.made', {});
  all[Symbol.dispose]();
  await publish('thing.seen', { text: 'b' });
  assert.deepEqual(heard, [
    'family thing.seen',
    'exact thing.seen',
    'all thing.seen',
    'all other.made',
    'family thing.seen',
    'exact thing.seen',
  ]);
  assert.throws(() => bus.events.subscribe('thi*g', () => undefined), /neither a name/);
});

test('an event of a transaction that rolls back reaches nobody', async () => {
  await using db = await migrated();
  await using bus = busOn(db.database);
  const heard: number[] = [];
  bus.events.subscribe('thing.made', (event) => heard.push(...numbersOf([event])));
  const publish = bus.publisher(contract);
  const failing = db.database.transaction(async (transaction) => {
    await publish('thing.made', { number: 1 }, { transaction });
    throw new Error('changed my mind');
  });
  await assert.rejects(failing, /changed my mind/);
  await db.database.transaction(async (transaction) => {
    await publish('thing.made', { number: 2 }, { transaction });
    assert.deepEqual(heard, [], 'nothing is told before the commit');
  });
  assert.deepEqual(heard, [2]);
  const rows = await db.database.query<{ name: string }>({ text: 'select name from kernel.event' });
  assert.equal(rows.length, 1);
});

test('a consumer gets what was announced while it was away, in order, with its trace and actor', async () => {
  await using db = await migrated();
  await using bus = busOn(db.database);
  const publish = bus.publisher(contract);
  for (let number = 1; number <= 250; number += 1) {
    await publish('thing.made', { number }, { traceId: 'a'.repeat(32), actorId: 'user-1' });
  }
  await publish('other.made', {});
  const got: EventEnvelope[] = [];
  bus.events.consume('late', 'thing.*', async (event) => void got.push(event));
  await eventually(() => assert.equal(got.length, 250));
  assert.deepEqual(
    numbersOf(got),
    Array.from({ length: 250 }, (_, index) => index + 1),
  );
  assert.equal(got[0]?.traceId, 'a'.repeat(32));
  assert.equal(got[0]?.actorId, 'user-1');
  assert.equal(typeof got[0]?.occurredAtMs, 'number');
});

test('a row whose transaction commits late is not skipped', async () => {
  await using db = await migrated();
  await using bus = busOn(db.database);
  const publish = bus.publisher(contract);
  const got: EventEnvelope[] = [];
  bus.events.consume('patient', '*', async (event) => void got.push(event));
  const written = Promise.withResolvers<void>();
  const mayCommit = Promise.withResolvers<void>();
  const slow = db.database.transaction(async (transaction) => {
    await publish('thing.made', { number: 1 }, { transaction });
    written.resolve();
    await mayCommit.promise;
  });
  await written.promise;
  await publish('thing.made', { number: 2 });
  await new Promise((resolve) => setTimeout(resolve, 150));
  assert.deepEqual(numbersOf(got), [], 'the later event waits for the earlier transaction');
  mayCommit.resolve();
  await slow;
  await eventually(() => assert.deepEqual(numbersOf(got), [1, 2]));
});

test('many writers at once lose nothing and repeat nothing', async () => {
  await using db = await migrated();
  await using bus = busOn(db.database);
  const publish = bus.publisher(contract);
  const got = new Map<number, number>();
  bus.events.consume('counter', 'thing.made', async (event) => {
    const [number = -1] = numbersOf([event]);
    got.set(number, (got.get(number) ?? 0) + 1);
  });
  const writer = async (first: number) => {
    for (let number = first; number < 300; number += 6) {
      await db.database.transaction(async (transaction) => {
        await publish('thing.made', { number }, { transaction });
        if (number % 7 === 0) await transaction.query({ text: 'select pg_sleep(0.005)' });
      });
    }
  };
  await Promise.all([0, 1, 2, 3, 4, 5].map(writer));
  await eventually(() => assert.equal(got.size, 300));
  assert.deepEqual([...new Set(got.values())], [1]);
});

test('of two processes one works at a time, and what a handler writes happens once', async () => {
  await using db = await migrated();
  await db.database.execute({ text: 'create table seen (number integer)' });
  await using first = busOn(db.database, {
    transport: createPostgresTransport({ database: db.database, log }),
  });
  await using second = busOn(db.database, {
    transport: createPostgresTransport({ database: db.database, log }),
  });
  await Promise.all([first.ready, second.ready]);
  let active = 0;
  let most = 0;
  for (const bus of [first, second]) {
    bus.events.consume('shared', 'thing.made', async (event, transaction) => {
      active += 1;
      most = Math.max(most, active);
      const [number] = numbersOf([event]);
      await transaction.execute({ text: 'insert into seen (number) values ($1)', values: [number] });
      await new Promise((resolve) => setTimeout(resolve, 2));
      active -= 1;
    });
  }
  const publish = first.publisher(contract);
  await Promise.all(Array.from({ length: 40 }, (_, number) => publish('thing.made', { number })));
  await eventually(async () => {
    const [row] = await db.database.query<{ count: bigint }>({ text: 'select count(*) from seen' });
    assert.equal(row?.count, 40n);
  });
  assert.equal(most, 1);
});

test('a failing handler is retried with growing delays, its own writes undone, and order is kept', async () => {
  await using db = await migrated();
  await db.database.execute({ text: 'create table seen (number integer)' });
  let nowMs = 1_000_000;
  await using bus = busOn(db.database, { now: () => nowMs, limits: { maxAttempts: 4, firstRetryMs: 1_000 } });
  const attempts: number[] = [];
  bus.events.consume('stumbling', 'thing.made', async (event, transaction) => {
    const [number = 0] = numbersOf([event]);
    attempts.push(number);
    await transaction.execute({ text: 'insert into seen (number) values ($1)', values: [number] });
    if (number === 2 && attempts.filter((one) => one === 2).length < 3) {
      await transaction.query({ text: 'select 1/0' });
    }
  });
  const publish = bus.publisher(contract);
  for (const number of [1, 2, 3]) await publish('thing.made', { number });
  // The delay counts from the moment the failure is recorded, which is after the handler has thrown.
  const recorded = (failures: number) =>
    eventually(async () => {
      const [row] = await db.database.query<{ attempts: number }>({
        text: `select attempts from kernel.event_consumer where name = 'stumbling'`,
      });
      assert.equal(row?.attempts, failures);
    });
  await eventually(() => assert.deepEqual(attempts, [1, 2]));
  await recorded(1);
  nowMs += 900;
  await new Promise((resolve) => setTimeout(resolve, 150));
  assert.deepEqual(attempts, [1, 2], 'the second try waits for a second');
  nowMs += 200;
  await eventually(() => assert.deepEqual(attempts, [1, 2, 2]));
  await recorded(2);
  nowMs += 1_500;
  await new Promise((resolve) => setTimeout(resolve, 150));
  assert.deepEqual(attempts, [1, 2, 2], 'the third try waits for two');
  nowMs += 600;
  await eventually(() => assert.deepEqual(attempts, [1, 2, 2, 2, 3]));
  await eventually(async () => {
    const rows = await db.database.query<{ number: number }>({ text: 'select number from seen' });
    assert.deepEqual(
      rows.map((row) => row.number),
      [1, 2, 3],
    );
  });
});

test('after the last try an event becomes a dead letter, is announced, and can run again', async () => {
  await using db = await migrated();
  let nowMs = 1_000_000;
  await using bus = busOn(db.database, { now: () => nowMs, limits: { maxAttempts: 2, firstRetryMs: 10 } });
  let broken = true;
  const got: number[] = [];
  const reports: EventEnvelope[] = [];
  bus.events.subscribe('system.error', (event) => reports.push(event));
  bus.events.consume('fragile', 'thing.made', async (event) => {
    const [number = 0] = numbersOf([event]);
    if (number === 1 && broken) throw new Error('no way, key cds_abcdefghijklmnopqrstuvwxyz');
    got.push(number);
  });
  const publish = bus.publisher(contract);
  await publish('thing.made', { number: 1 });
  await publish('thing.made', { number: 2 });
  await eventually(() => {
    nowMs += 100;
    assert.deepEqual(got, [2]);
  });
  const [letter] = await listDeadLetters(db.database, 10);
  assert.ok(letter);
  assert.equal(letter.consumer, 'fragile');
  assert.equal(letter.attempts, 2);
  assert.equal(letter.error, 'no way, key cds_***');
  await eventually(() => assert.equal(reports.length, 1));
  assert.deepEqual(
    reports.map((event) => (event.payload as { data: unknown }).data),
    [
      {
        consumer: 'fragile',
        event: 'thing.made',
        eventId: letter.eventId,
        attempts: 2,
      },
    ],
  );
  assert.equal(await requestRetry(db.database, { consumer: 'fragile', eventId: letter.eventId }), true);
  await eventually(async () => assert.equal((await listDeadLetters(db.database, 10))[0]?.attempts, 3));
  broken = false;
  await requestRetry(db.database, { consumer: 'fragile', eventId: letter.eventId });
  await eventually(() => assert.deepEqual(got, [2, 1]));
  await eventually(async () => assert.deepEqual(await listDeadLetters(db.database, 10), []));
});

test('events cross processes by NOTIFY, also those longer than its limit, and do not echo', async () => {
  await using db = await migrated();
  const transport = () => createPostgresTransport({ database: db.database, log });
  await using sender = busOn(db.database, { transport: transport() });
  await using receiver = busOn(db.database, { transport: transport() });
  await Promise.all([sender.ready, receiver.ready]);
  const here: EventEnvelope[] = [];
  const there: EventEnvelope[] = [];
  sender.events.subscribe('thing.seen', (event) => here.push(event));
  receiver.events.subscribe('thing.seen', (event) => there.push(event));
  const publish = sender.publisher(contract);
  const long = 'ä'.repeat(50_000);
  await publish('thing.seen', { text: 'short' });
  await publish('thing.seen', { text: long });
  await eventually(() => assert.equal(there.length, 2));
  assert.deepEqual(there.map((event) => (event.payload as { text: string }).text).sort(), ['short', long]);
  assert.equal(here.length, 2);
  assert.equal(here[0]?.id, there.find((event) => (event.payload as { text: string }).text === 'short')?.id);
});

test('text that jsonb would refuse is carried', async () => {
  await using db = await migrated();
  await using bus = busOn(db.database);
  const odd = defineContract('odd', {
    methods: {},
    faults: {},
    events: { 'odd.text': { summary: 'odd', payload: z.object({ text: z.string() }), durable: true } },
  });
  const got: unknown[] = [];
  bus.events.consume('odd', 'odd.text', async (event) => void got.push(event.payload));
  await bus.publisher(odd)('odd.text', { text: 'zero \u0000, half \ud800, "quoted"' });
  await eventually(() => assert.deepEqual(got, [{ text: 'zero \u0000, half \ud800, "quoted"' }]));
});

test('old events go once every consumer has read them, unread ones stay until given up', async () => {
  await using db = await migrated();
  const dayMs = 86_400_000;
  let nowMs = 100 * dayMs;
  await using bus = busOn(db.database, { now: () => nowMs });
  const publish = bus.publisher(contract);
  let read = 0;
  const reader = bus.events.consume('reader', '*', async () => {
    read += 1;
  });
  await publish('thing.made', { number: 1 });
  await publish('thing.made', { number: 2 });
  await eventually(() => assert.equal(read, 2));
  reader[Symbol.dispose]();
  nowMs += 8 * dayMs;
  await publish('thing.made', { number: 3 });
  nowMs += 8 * dayMs;
  const clean = () =>
    removeOldEvents({ database: db.database, nowMs, keepMs: 7 * dayMs, giveUpMs: 90 * dayMs });
  await clean();
  const numbers = async () =>
    numbersOf(
      await db.database.query<EventEnvelope>({ text: 'select payload from kernel.event order by sequence' }),
    );
  assert.ok((await numbers()).includes(3), 'nobody has read the third');
  bus.events.consume('reader', '*', async () => {
    read += 1;
  });
  await eventually(() => assert.equal(read, 3));
  await eventually(async () => {
    await publish('other.made', {});
    await clean();
    const left = await db.database.query<{ name: string }>({
      text: 'select distinct name from kernel.event',
    });
    assert.deepEqual(left, [{ name: 'other.made' }]);
  });
  await bus[Symbol.asyncDispose]();
  nowMs += 91 * dayMs;
  await clean();
  assert.deepEqual(await db.database.query({ text: 'select name from kernel.event_consumer' }), []);
});

test('events restored from a cluster that was further on are read, once, and new ones after them', async () => {
  await using db = await migrated();
  const got: number[] = [];
  {
    await using bus = busOn(db.database);
    bus.events.consume('survivor', 'thing.made', async (event) => void got.push(...numbersOf([event])));
    const publish = bus.publisher(contract);
    await publish('thing.made', { number: 1 });
    await eventually(() => assert.deepEqual(got, [1]));
  }
  {
    await using bus = busOn(db.database);
    await bus.publisher(contract)('thing.made', { number: 2 });
  }
  const ahead = 5_000_000;
  await db.database.execute({
    text: `update kernel.event set transaction_id = (transaction_id::text::bigint + ${ahead})::text::xid8`,
  });
  await db.database.execute({
    text: `update kernel.event_consumer set
             window_start = case when window_start = '0' then window_start
                                 else (window_start::text::bigint + ${ahead})::text::xid8 end,
             window_end = (window_end::text::bigint + ${ahead})::text::xid8`,
  });
  await using bus = busOn(db.database);
  await bus.ready;
  bus.events.consume('survivor', 'thing.made', async (event) => void got.push(...numbersOf([event])));
  await bus.publisher(contract)('thing.made', { number: 3 });
  await eventually(() => assert.deepEqual(got, [1, 2, 3]));
  assert.equal(await rebaseRestoredEvents(db.database), false);
});
