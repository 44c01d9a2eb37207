import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { isFault } from '#base/fault.ts';
import { isPublicAddress } from '#kernel/http/public-address.ts';
import { sandboxContract } from '../contract.ts';
import { parseHostPattern } from '../network/host-pattern.ts';
import { type NetworkAttempt, startProxy } from '../network/proxy.ts';
import type { Machine } from './machine/machine.ts';
import { openNetworkWay } from './network-way.ts';
import { type MachineKit, machineKit } from './testing/machine-kit.ts';
import { ensureTestImage, microSkip, microWorld } from './testing/micro-world.ts';

const skip = microSkip();
const stack = new AsyncDisposableStack();
let kit: MachineKit;
let machine: Machine;
let web: Server;
let port: number;
const seen: { readonly url: string | undefined; readonly host: string | undefined; readonly body: string }[] =
  [];

before(async () => {
  if (skip !== false) return;
  await ensureTestImage();
  kit = stack.use(await machineKit());
  const image = (await kit.machines.images())[0];
  assert.ok(image !== undefined);
  machine = stack.use(await kit.machines.start({ image, memoryMb: 256, cpuCores: 1 }));
  web = createServer((request, response) => {
    let body = '';
    request.on('data', (data) => (body += data));
    request.on('end', () => {
      seen.push({ url: request.url, host: request.headers.host, body });
      response.end(request.url === '/big' ? 'x'.repeat(3_000_000) : `answer to ${request.url}`);
    });
  });
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  stack.defer(() => {
    web.closeAllConnections();
    web.close();
  });
  port = (web.address() as { port: number }).port;
});
after(() => stack.disposeAsync());

/** Runs Python in the machine. */
async function python(code: string): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const output = { stdout: '', stderr: '' };
  const request = { args: [], env: {}, cwd: '', memoryBytes: 2 ** 27, processes: 64 };
  const onOutput = (stream: 'stdout' | 'stderr', data: Buffer) => {
    output[stream] += data.toString();
  };
  await machine.agent.run({ ...request, language: 'python', code }, { onOutput }).ended;
  return output;
}

const prelude = `import urllib.request, urllib.error, socket
def get(url, data=None):
    try: return urllib.request.urlopen(url, data, timeout=60).read()
    except urllib.error.HTTPError as error: return error.code
    except OSError as error: return 'no way'
`;

test('a machine that was granted hosts reaches these through the proxy, and nothing else', {
  skip,
}, async () => {
  // The names of an internet of the test's own: the one address that counts as public beside the real ones is the web server's.
  const names: Record<string, readonly string[]> = {
    'good.example': ['127.0.0.1'],
    'inner.example': ['10.1.2.3'],
    'metadata.example': ['169.254.169.254'],
    'mixed.example': ['127.0.0.1', '192.168.0.1'],
  };
  const attempts: NetworkAttempt[] = [];
  const socketPath = path.join(kit.folder, 'proxy.sock');
  await using _proxy = await startProxy({
    socketPath,
    patterns: Object.keys(names).map((name) => parseHostPattern(`${name}:${port}`)),
    maxBytes: 20_000_000,
    maxConnections: 16,
    resolve: async (host) => names[host] ?? [],
    isPublic: (address) => address === '127.0.0.1' || isPublicAddress(address),
    onAttempt: (attempt) => attempts.push(attempt),
  });
  const before = await python(`${prelude}print(get('http://good.example:${port}/early'))`);
  assert.equal(before.stdout, 'no way\n', 'before the way is open there is none');
  assert.deepEqual(attempts, []);

  using _way = openNetworkWay(machine.agent, socketPath);
  const reached = await python(
    `${prelude}print(get('http://good.example:${port}/one?q=1').decode())
print(get('http://good.example:${port}/two', b'given').decode())
print(len(get('http://good.example:${port}/big')))`,
  );
  assert.equal(reached.stdout, 'answer to /one?q=1\nanswer to /two\n3000000\n', reached.stderr);
  assert.deepEqual(seen.at(1), { url: '/two', host: `good.example:${port}`, body: 'given' });
  assert.deepEqual(
    attempts.map(({ verdict }) => verdict),
    ['allowed', 'allowed', 'allowed'],
  );

  attempts.length = 0;
  const hosts = ['other.example', 'inner.example', 'metadata.example', 'mixed.example'];
  const addresses = ['127.0.0.9', '169.254.169.254', '10.0.0.1'];
  const refused = await python(
    `${prelude}print([get(f'http://{host}:${port}/') for host in ${JSON.stringify([...hosts, ...addresses])}])`,
  );
  assert.equal(refused.stdout, '[403, 403, 403, 403, 403, 403, 403]\n', refused.stderr);
  assert.deepEqual(
    attempts.map(({ host, verdict }) => `${host} ${verdict}`),
    [
      'other.example not_listed',
      ...hosts.slice(1).map((host) => `${host} private_address`),
      ...addresses.map((host) => `${host} not_listed`),
    ],
  );
  assert.equal(seen.length, 3, 'none of them reached a server');

  const direct = await python(
    `${prelude}for address in ['127.0.0.1', '169.254.169.254', '1.1.1.1', '10.0.2.2']:
    try: socket.create_connection((address, ${port}), 5); print('reached', address)
    except OSError as error: print('none')
try: socket.getaddrinfo('good.example', 80); print('resolved')
except OSError: print('none')`,
  );
  assert.equal(direct.stdout, 'none\n'.repeat(5), 'there is no way beside the proxy');
});

test('a tunnel through the proxy carries bytes both ways, and many connections at once are answered', {
  skip,
}, async () => {
  const echo = createTcpServer((socket) => {
    socket.on('error', () => undefined);
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
  const { port: echoPort } = echo.address() as { port: number };
  await using fresh = new AsyncDisposableStack();
  fresh.defer(() => void echo.close());
  const image = (await kit.machines.images())[0];
  assert.ok(image !== undefined);
  const socketPath = path.join(kit.folder, 'echo.sock');
  fresh.use(
    await startProxy({
      socketPath,
      patterns: [parseHostPattern(`good.example:${echoPort}`)],
      maxBytes: 20_000_000,
      maxConnections: 32,
      resolve: async () => ['127.0.0.1'],
      isPublic: () => true,
      onAttempt: () => undefined,
    }),
  );
  const other = fresh.use(await kit.machines.start({ image, memoryMb: 256, cpuCores: 1 }));
  fresh.use(openNetworkWay(other.agent, socketPath));
  const code = `import socket
def tunnel():
    s = socket.create_connection(('127.0.0.1', 8118), 60)
    s.sendall(b'CONNECT good.example:${echoPort} HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n')
    head = b''
    while b'\\r\\n\\r\\n' not in head: head += s.recv(1)
    return s
tunnels = [tunnel() for _ in range(12)]
for n, s in enumerate(tunnels): s.sendall(bytes([n]) * 50000)
for s in tunnels: s.shutdown(socket.SHUT_WR)
def rest(s):
    data = b''
    while True:
        more = s.recv(65536)
        if not more: return data
        data += more
print(all(rest(s) == bytes([n]) * 50000 for n, s in enumerate(tunnels)))`;
  let output = '';
  const request = { args: [], env: {}, cwd: '', memoryBytes: 2 ** 27, processes: 64 };
  const onOutput = (_stream: string, data: Buffer) => {
    output += data.toString();
  };
  await other.agent.run({ ...request, language: 'python', code }, { onOutput }).ended;
  assert.equal(output, 'True\n');
});

test('over micro.start the project’s grant holds: private hosts are refused and every attempt is logged', {
  skip,
}, async () => {
  await using m = await microWorld({ CDS_LOG_LEVEL: 'info', CDS_LOG_FILE: 'true' });
  const client = m.world.client(sandboxContract);
  const { projectId } = m;
  await assert.rejects(m.start({ network: true }), (error) => isFault(error, 'sandbox.network_not_granted'));
  const grant = (hosts: string[]) =>
    client.call('sandbox.network.set', { projectId, mode: 'allowList', hosts }, m.call());
  for (const host of ['localhost', '127.0.0.1', '10.0.0.1', '169.254.169.254', 'metadata.google.internal']) {
    await assert.rejects(grant([host]), (error) => isFault(error, 'sandbox.host_invalid'), host);
  }
  // RFC 2606: nobody ever has this name.
  await grant(['granted.invalid']);
  const vm = await m.start({ network: true });
  assert.equal(vm.network, true);
  const urls = [
    'http://granted.invalid/secret-path',
    'http://localhost.:80/',
    'http://169.254.169.254/latest/',
    'http://other.invalid/',
  ];
  const result = await m.execute(vm.vmId, `${prelude}print([get(url) for url in ${JSON.stringify(urls)}])`);
  assert.equal(result.stdout, '[502, 403, 403, 403]\n', result.stderr);
  const without = await m.start();
  const closed = await m.execute(without.vmId, `${prelude}print(get('http://granted.invalid/'))`);
  assert.equal(closed.stdout, 'no way\n', 'a machine that did not ask has no way');
  const single = (network: boolean) =>
    client.call(
      'sandbox.execute',
      {
        ...{ projectId, engine: 'micro', network, timeoutMs: 240_000 },
        program: {
          kind: 'code',
          language: 'python',
          code: `${prelude}print(get('http://granted.invalid/'))`,
        },
      },
      m.call(),
    );
  assert.equal((await single(true)).stdout, '502\n', 'a machine for one program has the same choice');
  assert.equal((await single(false)).stdout, 'no way\n');
  const log = await readFile(path.join(m.world.dataDir, 'logs', 'test.log'), 'utf8');
  const logged = log
    .split('\n')
    .filter((line) => line.includes('a program asked for a host'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(
    logged.map(({ host, verdict }) => `${String(host)} ${String(verdict)}`),
    [
      'granted.invalid unknown_name',
      'localhost not_listed',
      '169.254.169.254 not_listed',
      'other.invalid not_listed',
      'granted.invalid unknown_name',
    ],
  );
  assert.ok(logged.every((line) => line.projectId === projectId));
  assert.ok(logged.slice(0, 4).every((line) => line.runId === vm.vmId));
  assert.ok(!log.includes('secret-path'), 'what a program asks a host for is nobody’s business');
});
