import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { testWorld } from '#kernel/testing/world.ts';
import { ledger } from '#modules/ledger/module.ts';
import { auth } from './module.ts';

const few = { CDS_RATE_READ_BURST: '3', CDS_RATE_READ_PER_SECOND: '0.0001' };
const world = await testWorld([ledger, auth], { environment: { ...few, CDS_HTTP_TRUST_PROXY: 'true' } });
after(() => world[Symbol.asyncDispose]());

async function statusOf(headers: Record<string, string>): Promise<number> {
  const response = await fetch(`${world.url}/auth/me`, { headers });
  await response.body?.cancel();
  return response.status;
}

test('whoever tries one token after the other is limited by the address', async () => {
  const statuses: number[] = [];
  for (const guess of ['a', 'b', 'c', 'd']) {
    statuses.push(await statusOf({ authorization: `Bearer cds_${guess}`, 'x-forwarded-for': '9.9.9.1' }));
  }
  assert.deepEqual(statuses, [401, 401, 401, 429]);
});

test('a client behind the proxy cannot choose its address', async () => {
  const statuses: number[] = [];
  for (const invented of ['1.1.1.1', '2.2.2.2', '3.3.3.3', '4.4.4.4']) {
    // The proxy adds whom it speaks with to what the client sent.
    statuses.push(await statusOf({ 'x-forwarded-for': `${invented}, 9.9.9.2` }));
  }
  assert.deepEqual(statuses, [401, 401, 401, 429]);
});
