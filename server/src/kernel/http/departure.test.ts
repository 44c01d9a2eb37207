import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request, type ServerResponse } from 'node:http';
import test from 'node:test';
import { onDeparture } from './departure.ts';

/** Sends one request; resolves when its connection has closed at the server, with the answer that it had there. */
async function exchange(serve: (answer: ServerResponse, leave: () => void) => void): Promise<ServerResponse> {
  const closed = Promise.withResolvers<ServerResponse>();
  const server = createServer((_request, answer) => {
    answer.once('close', () => closed.resolve(answer));
    serve(answer, () => client.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const client = request({ port: typeof address === 'object' ? address?.port : 0, host: '127.0.0.1' });
  client.on('error', () => undefined).on('response', (response) => response.resume());
  client.end();
  const answer = await closed.promise;
  server.close();
  server.closeAllConnections();
  return answer;
}

function hasLeft(answer: ServerResponse): boolean {
  let left = false;
  onDeparture(answer, () => {
    left = true;
  });
  return left;
}

test('a client that left before anybody listened counts as gone', async () => {
  assert.equal(hasLeft(await exchange((_answer, leave) => leave())), true);
});

test('a client that got its whole answer did not leave', async () => {
  assert.equal(hasLeft(await exchange((answer) => answer.end('all'))), false);
});
