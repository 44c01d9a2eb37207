import assert from 'node:assert/strict';
import { Agent, createServer, get, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { after, before, test } from 'node:test';
import { createEventWriter, streamHeaders } from './event-writer.ts';

const server = createServer((request, response) => {
  response.writeHead(200, streamHeaders(request, 'x-cost'));
  const writer = createEventWriter(response);
  writer.write('data: grüß 😀\n\n');
  writer.write(Buffer.from('data: bytes\n\n'));
  writer.end('data: [DONE]\n\n', [['x-cost', '0.5']]);
});
const wholeText = 'data: grüß 😀\n\ndata: bytes\n\ndata: [DONE]\n\n';
const port = () => (server.address() as AddressInfo).port;

before(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
after(() => server.close());

test('chunks and trailers arrive as they were meant, and the connection serves another request', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const sockets = new Set();
  for (let round = 0; round < 2; round += 1) {
    const answer = await new Promise<IncomingMessage>((resolve) =>
      get({ port: port(), host: '127.0.0.1', agent }, resolve),
    );
    sockets.add(answer.socket);
    let text = '';
    for await (const part of answer.setEncoding('utf8')) text += part;
    assert.equal(text, wholeText);
    assert.equal(answer.trailers['x-cost'], '0.5');
  }
  assert.equal(sockets.size, 1);
  agent.destroy();
});

test('a client of HTTP/1.0 gets the events without chunks, and the end by the end of the connection', async () => {
  const socket = connect(port(), '127.0.0.1');
  socket.write('GET / HTTP/1.0\r\nhost: x\r\n\r\n');
  let text = '';
  for await (const part of socket.setEncoding('utf8')) text += part;
  assert.equal(text.split('\r\n\r\n').slice(1).join('\r\n\r\n'), wholeText);
});
