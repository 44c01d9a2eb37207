import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { isFault } from '#base/fault.ts';
import { eventually } from '#kernel/testing/eventually.ts';
import { type TestWorld, testWorld } from '#kernel/testing/world.ts';
import { entryHash, genesisHash } from './audit-chain.ts';
import { canonicalJson } from './canonical-json.ts';
import { type AuditEntry, type AuditReport, eventsContract } from './contract.ts';
import { events } from './module.ts';
import { entriesAfter } from './store.ts';

const environment = { CDS_EVENTS_CHECKPOINT_MS: '100' };

async function worldWith(entries: number): Promise<TestWorld> {
  const world = await testWorld([events], { environment });
  for (let number = 1; number <= entries; number += 1) await record(world, number);
  await eventually(async () => assert.equal((await list(world)).length, entries));
  return world;
}

function record(world: TestWorld, number: number) {
  return world.client(eventsContract).call(
    'audit.record',
    {
      kind: number % 2 === 0 ? 'access' : 'change',
      actorId: `user-${number % 3}`,
      fact: { action: 'credential.read', subject: `credential:${number}`, data: { number, z: 1, a: 'ü' } },
    },
    world.call(null),
  );
}

async function list(world: TestWorld, filter: Record<string, unknown> = {}): Promise<AuditEntry[]> {
  const admin = world.call({ role: 'admin' });
  return (await world.client(eventsContract).call('audit.list', { limit: 500, ...filter }, admin)).entries;
}

function verify(world: TestWorld): Promise<AuditReport> {
  return world.client(eventsContract).call('audit.verify', {}, world.call({ role: 'admin' }));
}

/** Does what only somebody with the database's own rights can: past the triggers. */
async function tamper(world: TestWorld, text: string): Promise<void> {
  await world.database.transaction(async (transaction) => {
    await transaction.execute({ text: 'alter table events.audit_entry disable trigger user' });
    await transaction.execute({ text: 'alter table events.audit_head disable trigger user' });
    await transaction.execute({ text });
    await transaction.execute({ text: 'alter table events.audit_entry enable trigger user' });
    await transaction.execute({ text: 'alter table events.audit_head enable trigger user' });
  });
}

async function checkpointReaches(world: TestWorld, sequence: number): Promise<void> {
  await eventually(async () => assert.equal((await verify(world)).checkpointSequence, sequence));
}

test('what was recorded is listed newest first, filtered and page by page', async () => {
  await using world = await worldWith(7);
  const entries = await list(world);
  assert.deepEqual(
    entries.map((entry) => entry.sequence),
    [7, 6, 5, 4, 3, 2, 1],
  );
  assert.equal(entries[0]?.event, 'audit.change');
  assert.equal(entries[0]?.actorId, 'user-1');
  const [newest] = entries.map((entry) => entry.payload as { data: unknown });
  assert.deepEqual(newest?.data, { number: 7, z: 1, a: 'ü' });
  assert.equal((await list(world, { event: 'audit.access' })).length, 3);
  assert.equal((await list(world, { event: 'audit.*' })).length, 7);
  assert.equal((await list(world, { event: 'aud%.*' }).catch(() => [])).length, 0);
  assert.equal((await list(world, { actorId: 'user-0' })).length, 2);
  assert.equal((await list(world, { to: entries[3]?.occurredAt ?? '' })).length, 3);
  const admin = world.call({ role: 'admin' });
  const client = world.client(eventsContract);
  const first = await client.call('audit.list', { limit: 3 }, admin);
  assert.ok(first.nextCursor);
  const second = await client.call('audit.list', { limit: 10, cursor: first.nextCursor }, admin);
  assert.deepEqual(
    second.entries.map((entry) => entry.sequence),
    [4, 3, 2, 1],
  );
  assert.equal(second.nextCursor, null);
});

test('an untouched log is proven, over the REST face for nobody without a sign-in', async () => {
  await using world = await worldWith(5);
  await checkpointReaches(world, 5);
  const report = await verify(world);
  assert.deepEqual(report.problems, []);
  assert.equal(report.ok, true);
  assert.equal(report.entries, 5);
  assert.equal(report.head?.sequence, 5);
  assert.equal((await fetch(`${world.url}/api/audit`)).status, 401);
});

test('the database itself refuses to change, remove or empty the log', async () => {
  await using world = await worldWith(2);
  for (const text of [
    `update events.audit_entry set payload = '{}' where sequence = 1`,
    'delete from events.audit_entry',
    'truncate events.audit_entry',
    'delete from events.audit_head',
  ]) {
    await assert.rejects(world.database.execute({ text }), /only grows/, text);
  }
});

test('a changed entry is named', async () => {
  await using world = await worldWith(5);
  await tamper(world, `update events.audit_entry set actor_id = 'somebody-else' where sequence = 3`);
  assert.deepEqual((await verify(world)).problems, [{ sequence: 3, kind: 'changed' }]);
});

test('a removed entry is named', async () => {
  await using world = await worldWith(5);
  await tamper(world, 'delete from events.audit_entry where sequence = 3');
  assert.deepEqual((await verify(world)).problems, [{ sequence: 4, kind: 'missing' }]);
});

test('a removed tail shows, also when the head was set back by somebody without the key', async () => {
  await using world = await worldWith(5);
  await tamper(world, 'delete from events.audit_entry where sequence > 3');
  assert.deepEqual((await verify(world)).problems, [{ sequence: 4, kind: 'tail_removed' }]);
  await tamper(
    world,
    `update events.audit_head set sequence = 3,
       hash = (select hash from events.audit_entry where sequence = 3)`,
  );
  const kinds = (await verify(world)).problems.map((problem) => problem.kind);
  assert.ok(kinds.includes('head_changed'));
});

test('a tail removed together with an old, genuine head shows by the checkpoint outside the database', async () => {
  await using world = await worldWith(3);
  const [head] = await world.database.query<{ hash: Buffer; signature: Buffer }>({
    text: 'select hash, signature from events.audit_head',
  });
  await record(world, 4);
  await record(world, 5);
  await checkpointReaches(world, 5);
  await tamper(
    world,
    `delete from events.audit_entry where sequence > 3;
     update events.audit_head set sequence = 3, hash = '\\x${head?.hash.toString('hex')}',
       signature = '\\x${head?.signature.toString('hex')}'`,
  );
  assert.deepEqual((await verify(world)).problems, [{ sequence: 4, kind: 'tail_removed' }]);

  // The next entry must not cover it up.
  await record(world, 6);
  await eventually(async () => assert.equal((await list(world)).length, 4));
  await eventually(async () => {
    const health = await world.platform.composition.health();
    assert.equal(health.events?.ok, false);
  });
  assert.deepEqual((await verify(world)).problems, [{ sequence: 5, kind: 'tail_removed' }]);

  const admin = world.call({ role: 'admin', userId: 'the-admin' });
  const accepted = await world
    .client(eventsContract)
    .call('audit.acceptGap', { reason: 'restored from a backup' }, admin);
  assert.deepEqual(accepted, { checkpointSequence: 5, headSequence: 4 });
  await eventually(async () => assert.equal((await list(world))[0]?.event, 'audit.gap_accepted'));
  assert.equal((await list(world))[0]?.actorId, 'the-admin');
  assert.equal((await verify(world)).ok, true);
  await assert.rejects(
    world.client(eventsContract).call('audit.acceptGap', { reason: 'once more' }, admin),
    (error) => isFault(error, 'events.no_gap'),
  );
});

test('a rewritten chain shows, since its end can be signed by the installation only', async () => {
  await using world = await worldWith(4);
  let previous = genesisHash;
  for (const entry of await entriesAfter(world.database, { sequence: 0, limit: 10 })) {
    const { hash: _hash, previousHash: _previous, ...fact } = entry;
    const forged = entry.sequence === 2 ? { ...fact, actorId: 'somebody-else' } : fact;
    const hash = entryHash(forged, previous);
    await tamper(
      world,
      `update events.audit_entry set actor_id = '${forged.actorId}', hash = '\\x${hash.toString('hex')}',
         previous_hash = '\\x${previous.toString('hex')}' where sequence = ${entry.sequence};
       update events.audit_head set hash = '\\x${hash.toString('hex')}'`,
    );
    previous = hash;
  }
  const kinds = (await verify(world)).problems.map((problem) => problem.kind);
  assert.ok(kinds.includes('head_changed'));
});

test('a forged checkpoint file is noticed and left as it is', async () => {
  await using world = await worldWith(2);
  await checkpointReaches(world, 2);
  const file = path.join(world.dataDir, 'events', 'audit-checkpoint.json');
  const forged = { ...JSON.parse(await readFile(file, 'utf8')), sequence: 1 };
  await writeFile(file, JSON.stringify(forged));
  assert.deepEqual((await verify(world)).problems, [{ sequence: 0, kind: 'checkpoint_unreadable' }]);
  await record(world, 3);
  await eventually(async () => {
    const health = await world.platform.composition.health();
    assert.equal(health.events?.ok, false);
  });
  assert.deepEqual(JSON.parse(await readFile(file, 'utf8')), forged);
});

test('more entries than one page are verified', async () => {
  await using world = await worldWith(0);
  await Promise.all(Array.from({ length: 620 }, (_, number) => record(world, number)));
  await eventually(async () => {
    const report = await verify(world);
    assert.equal(report.entries, 620);
    assert.equal(report.ok, true);
  });
});

test('canonical JSON has one spelling', () => {
  assert.equal(canonicalJson({ b: [1, { d: 1, c: undefined }], a: 'ä' }), '{"a":"ä","b":[1,{"d":1}]}');
  assert.equal(canonicalJson(JSON.parse('{"10":1,"9":2,"__proto__":3}')), '{"10":1,"9":2,"__proto__":3}');
  assert.equal(canonicalJson([1e21, 0.1, -0, null]), '[1e+21,0.1,0,null]');
});
