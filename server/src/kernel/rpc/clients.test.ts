import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import test from 'node:test';
import { z } from 'zod';
import { defineContract } from '#base/contract.ts';
import { isFault } from '#base/fault.ts';
import { systemCall } from './call-context.ts';
import { createClientFactory } from './clients.ts';
import { createRemoteTransport } from './remote-client.ts';

const contract = defineContract('clock', {
  faults: {},
  events: {},
  methods: {
    'clock.read': {
      summary: 'Tells the time.',
      access: 'service',
      timeoutMs: 50,
      params: z.strictObject({}),
      result: z.object({}),
    },
  },
});

test('a call to a process that hangs ends by the method’s time-out, also one that nobody cancels', async () => {
  // Takes connections and never answers, as a process that is stopped does.
  const hanging = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
  await once(hanging, 'listening');
  const address = hanging.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const peer = { instanceId: randomUUID(), url: `http://127.0.0.1:${port}` };
  const peers = { locate: async () => [peer], suspect: () => undefined };
  const key = Buffer.alloc(32);
  const remote = createRemoteTransport({ peers, key, instanceId: randomUUID(), now: () => 0 });
  try {
    const factory = createClientFactory({ localModules: new Set(), methods: new Map(), remote });
    const asked = factory.clientFor(contract).call('clock.read', {}, systemCall({ traceId: 'trace' }));
    await assert.rejects(asked, (error) => isFault(error, 'common.timeout'));
  } finally {
    await remote[Symbol.asyncDispose]();
    hanging.close();
  }
});
