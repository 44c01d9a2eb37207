import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import test from 'node:test';
import { promisify } from 'node:util';
import fastify from 'fastify';
import { WebSocket } from 'ws';
import { fault } from '#base/fault.ts';
import { eventually } from '../testing/eventually.ts';
import { isWebSocketUpgrade, mountWebSocket } from './websocket.ts';

async function serve() {
  const app = fastify({ http: { shouldUpgradeCallback: isWebSocketUpgrade }, forceCloseConnections: true });
  app.addHook('onRequest', (request, _reply, done) =>
    done(request.headers['x-refused'] === undefined ? undefined : fault('common.foreign_origin')),
  );
  mountWebSocket(app, {
    path: '/echo',
    maxMessageBytes: 1_000,
    admit: async (request) => {
      if (request.headers.authorization === undefined) throw fault('common.unauthenticated');
      return request.ip;
    },
    serve: (socket, address) => {
      socket.on('message', (data) => socket.send(`${address} ${String(data)}`));
    },
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as AddressInfo;
  return {
    port,
    connections: promisify(app.server.getConnections.bind(app.server)) as () => Promise<number>,
    [Symbol.asyncDispose]: () => app.close(),
  };
}

/** Sends a raw request on a connection that the client never closes; resolves with the first line of the answer. */
async function firstLine(port: number, head: readonly string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(`${head.join('\r\n')}\r\nHost: localhost\r\n\r\n`);
  const [data] = await once(socket, 'data');
  return String(data).split('\r\n', 1)[0] ?? '';
}

const upgrade = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];

test('who is admitted is served', async () => {
  await using server = await serve();
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/echo`, { headers: { authorization: 'yes' } });
  await once(socket, 'open');
  socket.send('hello');
  assert.equal(String((await once(socket, 'message'))[0]), '127.0.0.1 hello');
});

test('a refused upgrade leaves no connection open, whoever refused it', async () => {
  await using server = await serve();
  const refused = [
    ['GET /echo HTTP/1.1', ...upgrade],
    ['GET /echo HTTP/1.1', 'x-refused: by a hook', ...upgrade],
    ['GET /nowhere HTTP/1.1', ...upgrade],
    ['GET /echo HTTP/1.1', 'authorization: yes', ...upgrade.slice(0, 2)],
  ];
  const lines = await Promise.all(refused.map((head) => firstLine(server.port, head)));
  for (const line of lines) assert.match(line, /^HTTP\/1\.1 [45]/);
  await eventually(async () => assert.equal(await server.connections(), 0));
});

test('an upgrade to something else is an ordinary request', async () => {
  await using server = await serve();
  const head = ['GET /nowhere HTTP/1.1', 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c'];
  assert.match(await firstLine(server.port, head), /^HTTP\/1\.1 404/);
});

test('stopping tells clients to come back, and does not wait for those that are silent', async () => {
  const server = await serve();
  const headers = { authorization: 'yes' };
  const polite = new WebSocket(`ws://127.0.0.1:${server.port}/echo`, { headers });
  const silent = new WebSocket(`ws://127.0.0.1:${server.port}/echo`, { headers });
  await Promise.all([once(polite, 'open'), once(silent, 'open')]);
  silent.pause();
  const closed = once(polite, 'close');
  await server[Symbol.asyncDispose]();
  assert.equal((await closed)[0], 1012);
  silent.terminate();
});
