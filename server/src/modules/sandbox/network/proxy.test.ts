import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { connect, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { eventually } from '#kernel/testing/eventually.ts';
import { createEngine, type Engine } from '../engine/engine.ts';
import { startProcess } from '../engine/sandbox-process.ts';
import { defaultLimits } from '../run/contract-shapes.ts';
import { wayThrough } from './grants.ts';
import { parseHostPattern } from './host-pattern.ts';
import { type NetworkAttempt, type Proxy, type ProxyOptions, startProxy } from './proxy.ts';

let folder: string;
let engine: Engine;
let web: Server;
let port: number;
const seen: {
  method: string | undefined;
  url: string | undefined;
  host: string | undefined;
  body: string;
}[] = [];

before(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'cds-net-test-'));
  engine = await createEngine({
    folder: path.join(folder, 'sandbox'),
    limitDriver: 'auto',
    totalMemoryBytes: 2 ** 31,
  });
  web = createServer((request, response) => {
    let body = '';
    request.on('data', (data) => (body += data));
    request.on('end', () => {
      seen.push({ method: request.method, url: request.url, host: request.headers.host, body });
      if (request.url === '/big') response.end('x'.repeat(2_000_000));
      else response.end(`answer to ${request.url}`);
    });
  });
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  port = (web.address() as { port: number }).port;
});
after(async () => {
  for (const proxy of proxies) await proxy[Symbol.asyncDispose]();
  web.closeAllConnections();
  web.close();
  await engine[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** Names of an internet of the test's own, in which 127.0.0.1 counts as public and 127.0.0.9 does not. */
const names: Record<string, readonly string[]> = {
  'good.example': ['127.0.0.1'],
  'sub.good.example': ['127.0.0.1'],
  'inner.example': ['127.0.0.9'],
  'mixed.example': ['127.0.0.1', '127.0.0.9'],
};

let sockets = 0;
const proxies: Proxy[] = [];

async function proxyWith(over: Partial<ProxyOptions> = {}) {
  const attempts: NetworkAttempt[] = [];
  sockets += 1;
  const socketPath = path.join(folder, `${sockets}.sock`);
  const proxy = await startProxy({
    socketPath,
    patterns: ['good.example', '*.good.example', 'inner.example', 'mixed.example', 'gone.example'].map(
      (name) => parseHostPattern(`${name}:${port}`),
    ),
    maxBytes: 10_000_000,
    maxConnections: 16,
    resolve: async (host) => names[host] ?? [],
    isPublic: (address) => address === '127.0.0.1',
    onAttempt: (attempt) => attempts.push(attempt),
    ...over,
  });
  proxies.push(proxy);
  return { proxy, attempts, socketPath };
}

/** Runs a program in a real sandbox whose only way out is the proxy. */
async function runWith(socketPath: string, command: readonly string[]) {
  const way = wayThrough(socketPath);
  const output = { stdout: '', stderr: '' };
  const process = await startProcess(engine.parts('en'), {
    runId: crypto.randomUUID(),
    command: way.wrap(command),
    limits: { ...defaultLimits, cpuMs: null },
    shape: {
      workspacePath: folder,
      cwd: '',
      env: way.env,
      memoryBytes: defaultLimits.memoryBytes,
      terminal: false,
      mounts: way.mounts,
    },
    onOutput(stream, data) {
      output[stream] += data.toString();
      return true;
    },
  });
  const ended = await process.ended;
  return { ...output, exitCode: ended.exitCode };
}

/** Says something to the proxy as a program could, word for word. */
function say(socketPath: string, text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    let answer = '';
    socket.on('data', (data) => (answer += data));
    socket.on('error', () => resolve(answer));
    socket.on('close', () => resolve(answer));
    socket.write(text);
    setTimeout(() => socket.end(), 300).unref();
  });
}

const python = (url: string) => [
  'python3',
  '-c',
  `import urllib.request, urllib.error
try: print(urllib.request.urlopen('${url}', timeout=5).read().decode())
except urllib.error.HTTPError as error: print(error.code)
except OSError as error: print('no way', error)`,
];

test('a granted host is reached from inside, by HTTP and through a tunnel, and the server sees its real name', async () => {
  const { proxy, attempts, socketPath } = await proxyWith();
  const plain = await runWith(socketPath, python(`http://good.example:${port}/one?q=1`));
  assert.equal(plain.stdout, 'answer to /one?q=1\n', plain.stderr);
  assert.deepEqual(seen.at(-1), { method: 'GET', url: '/one?q=1', host: `good.example:${port}`, body: '' });
  const fetched = await runWith(socketPath, [
    'node',
    '-e',
    `fetch('http://sub.good.example:${port}/two', { method: 'POST', body: 'given' }).then((r) => r.text()).then(console.log)`,
  ]);
  assert.equal(fetched.stdout, 'answer to /two\n', fetched.stderr);
  assert.equal(seen.at(-1)?.body, 'given');
  assert.ok(attempts.every(({ verdict }) => verdict === 'allowed'));
  assert.ok(proxy.bytes() > 0);
});

test('the program keeps its exit code, and a missing one is told as a shell does', async () => {
  const { socketPath } = await proxyWith();
  assert.equal((await runWith(socketPath, ['sh', '-c', 'exit 9'])).exitCode, 9);
  assert.equal((await runWith(socketPath, ['sh', '-c', 'kill -TERM $$'])).exitCode, 143);
  const missing = await runWith(socketPath, ['no-such-program']);
  assert.deepEqual([missing.exitCode, missing.stderr], [127, 'no-such-program: not found\n']);
});

test('nothing but the granted hosts is reached, with or without the proxy', async () => {
  const { attempts, socketPath } = await proxyWith();
  const refused = await runWith(socketPath, python(`http://other.example:${port}/`));
  assert.equal(refused.stdout, '403\n');
  const direct = await runWith(socketPath, [
    'python3',
    '-c',
    `import socket
for address in ['127.0.0.1', '169.254.169.254', '1.1.1.1']:
    try: socket.create_connection((address, ${port}), 2); print('reached', address)
    except OSError: pass`,
  ]);
  assert.equal(direct.stdout, '');
  assert.deepEqual(attempts, [{ host: 'other.example', port, verdict: 'not_listed' }]);
});

test('a granted name with an address that is not public is refused, also when it is one of several', async () => {
  const { attempts, socketPath } = await proxyWith();
  for (const host of ['inner.example', 'mixed.example']) {
    const answer = await say(socketPath, `CONNECT ${host}:${port} HTTP/1.1\r\nHost: x\r\n\r\n`);
    assert.match(answer, /^HTTP\/1.1 403 /, host);
  }
  assert.match(
    await say(socketPath, `CONNECT gone.example:${port} HTTP/1.1\r\nHost: x\r\n\r\n`),
    /^HTTP\/1.1 502 /,
  );
  assert.deepEqual(
    attempts.map(({ verdict }) => verdict),
    ['private_address', 'private_address', 'unknown_name'],
  );
});

test('the address that was checked is the one that is connected to', async () => {
  const answers = [['127.0.0.1'], ['127.0.0.9']];
  let asked = 0;
  const { socketPath } = await proxyWith({
    resolve: async () => {
      asked += 1;
      return answers.shift() ?? [];
    },
  });
  const answer = await say(
    socketPath,
    `GET http://good.example:${port}/pinned HTTP/1.1\r\nHost: good.example\r\n\r\n`,
  );
  assert.match(answer, /answer to \/pinned/);
  assert.equal(asked, 1);
});

test('tricks with the request line gain nothing', async () => {
  const { attempts, socketPath } = await proxyWith();
  const before = seen.length;
  for (const request of [
    `CONNECT 2130706433:${port} HTTP/1.1\r\nHost: good.example\r\n\r\n`,
    `CONNECT 0x7f.1:${port} HTTP/1.1\r\nHost: good.example\r\n\r\n`,
    `CONNECT [::ffff:127.0.0.1]:${port} HTTP/1.1\r\nHost: good.example\r\n\r\n`,
    `CONNECT good.example@127.0.0.1:${port} HTTP/1.1\r\nHost: good.example\r\n\r\n`,
    `GET http://good.example:${port}@127.0.0.1:${port}/ HTTP/1.1\r\nHost: good.example\r\n\r\n`,
    `GET http://127.0.0.1:${port}/ HTTP/1.1\r\nHost: good.example:${port}\r\n\r\n`,
    `GET / HTTP/1.1\r\nHost: good.example:${port}\r\n\r\n`,
    `GET file:///etc/passwd HTTP/1.1\r\nHost: good.example\r\n\r\n`,
    `GET https://good.example:${port}/ HTTP/1.1\r\nHost: good.example\r\n\r\n`,
    `CONNECT good.example HTTP/1.1\r\nHost: good.example\r\n\r\n`,
    `CONNECT good.example:22 HTTP/1.1\r\nHost: good.example\r\n\r\n`,
  ]) {
    assert.doesNotMatch(await say(socketPath, request), /^HTTP\/1.1 200/, request);
  }
  assert.equal(seen.length, before, 'no request came through');
  assert.ok(attempts.every(({ verdict }) => verdict !== 'allowed'));
});

test('the name that a granted server sees is the granted one, whatever the program says', async () => {
  const { socketPath } = await proxyWith();
  await say(
    socketPath,
    `GET http://good.example:${port}/host HTTP/1.1\r\nHost: hidden.example\r\nProxy-Authorization: secret\r\nConnection: close\r\n\r\n`,
  );
  assert.equal(seen.at(-1)?.host, `good.example:${port}`);
});

test('the limit on bytes ends the connections, and later ones are told', async () => {
  const { socketPath } = await proxyWith({ maxBytes: 100_000 });
  const big = await say(socketPath, `GET http://good.example:${port}/big HTTP/1.1\r\nHost: x\r\n\r\n`);
  assert.ok(big.length < 2_000_000, `${big.length} bytes came`);
  const later = await say(socketPath, `GET http://good.example:${port}/ HTTP/1.1\r\nHost: x\r\n\r\n`);
  assert.match(later, /^HTTP\/1.1 429 /);
});

test('a tunnel passes bytes both ways and ends with the proxy', async () => {
  const echo = createTcpServer((socket) => {
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
  const echoPort = (echo.address() as { port: number }).port;
  const { proxy, socketPath } = await proxyWith({ patterns: [parseHostPattern(`good.example:${echoPort}`)] });
  const socket = connect(socketPath);
  const answers: string[] = [];
  socket.on('data', (data) => answers.push(data.toString()));
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.write(`CONNECT good.example:${echoPort} HTTP/1.1\r\nHost: x\r\n\r\nearly`);
  while (!answers.join('').includes('early')) await new Promise((resolve) => setTimeout(resolve, 5));
  socket.write('late');
  while (!answers.join('').includes('late')) await new Promise((resolve) => setTimeout(resolve, 5));
  await proxy[Symbol.asyncDispose]();
  await closed;
  echo.close();
});

test('a program that leaves while its host is being looked up leaves no connection behind', async () => {
  const left = Promise.withResolvers<void>();
  const upstreams = new Set<unknown>();
  const host = createTcpServer((socket) => {
    upstreams.add(socket);
    socket.on('error', () => undefined).on('close', () => upstreams.delete(socket));
  });
  await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve));
  const hostPort = (host.address() as { port: number }).port;
  try {
    const { socketPath } = await proxyWith({
      patterns: [parseHostPattern(`good.example:${hostPort}`)],
      resolve: async () => {
        await left.promise;
        return ['127.0.0.1'];
      },
    });
    for (const request of [`CONNECT good.example:${hostPort}`, `GET http://good.example:${hostPort}/`]) {
      const client = connect(socketPath);
      client.write(`${request} HTTP/1.1\r\nHost: x\r\n\r\n`, () => setTimeout(() => client.destroy(), 50));
      await new Promise((resolve) => client.once('close', resolve));
    }
    setTimeout(left.resolve, 50);
    await left.promise;
    // Whoever was connected by mistake is let go at once, not when its time has run out.
    await new Promise((resolve) => setTimeout(resolve, 200));
    await eventually(() => assert.equal(upstreams.size, 0));
  } finally {
    host.close();
  }
});
