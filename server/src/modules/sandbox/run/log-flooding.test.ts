import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { eventually } from '#kernel/testing/eventually.ts';
import { sandboxContract } from '../contract.ts';
import { type SandboxWorld, sandboxWorld } from '../testing/world.ts';

let s: SandboxWorld;
before(async () => {
  s = await sandboxWorld({ CDS_LOG_LEVEL: 'info', CDS_LOG_FILE: 'true' });
});
after(() => s[Symbol.asyncDispose]());

const logged = () => readFileSync(path.join(s.world.dataDir, 'logs', 'test.log'), 'utf8').split('\n');

test('a program that asks for hosts without end fills no log: so many are told of, then that there are more', async () => {
  const projectId = await s.newProject();
  const grant = { projectId, mode: 'allowList' as const, hosts: ['granted.invalid'] };
  await s.world.client(sandboxContract).call('sandbox.network.set', grant, s.call());
  const asks = `import socket
for index in range(240):
    try:
        s = socket.create_connection(('127.0.0.1', 8118), 20)
        s.sendall(b'GET http://other.invalid/ HTTP/1.1\\r\\nHost: other.invalid\\r\\nConnection: close\\r\\n\\r\\n')
        while s.recv(4096): pass
        s.close()
    except OSError: pass
print('done')`;
  const { stdout, stderr } = await s.python(asks, { projectId, timeoutMs: 60_000 });
  assert.equal(stdout, 'done\n', stderr);
  await eventually(() => assert.ok(logged().some((line) => line.includes('network use of a program'))));
  const asked = logged().filter((line) => line.includes('a program asked for a host'));
  assert.ok(asked.length > 100 && asked.length < 220, String(asked.length));
  assert.equal(logged().filter((line) => line.includes('further hosts that this program')).length, 1);
});

test('what a program is given stands in no log, also when it is one that asks for hosts', async () => {
  const projectId = await s.newProject();
  const grant = { projectId, mode: 'allowList' as const, hosts: ['granted.invalid'] };
  await s.world.client(sandboxContract).call('sandbox.network.set', grant, s.call());
  const secret = `marker-${process.pid}-given`;
  const ask = `import urllib.request, urllib.error
try: urllib.request.urlopen('http://named.invalid/')
except urllib.error.URLError: pass`;
  const given = { env: { TOKEN: secret }, stdin: secret };
  await s.python(ask, { ...given, projectId });
  await eventually(() => assert.ok(logged().some((entry) => entry.includes('named.invalid'))));
  for (const entry of logged()) assert.ok(!entry.includes(secret), entry);
});

test('what a program prints and is given stands in no log, and no name of a program makes a line of its own', async () => {
  const secret = `marker-${process.pid}-printed`;
  await s.shell(`yes ${secret} | head -c 500000`, { limits: { outputBytes: 1_000_000 } });
  const line = '\n{"level":"fatal","msg":"forged"}\n';
  await s.exec({ command: line }).catch(() => undefined);
  await s.exec({ command: 'true', args: [line], env: { GIVEN: secret }, stdin: secret });
  await eventually(() =>
    assert.ok(logged().some((entry) => entry.includes('a program in a sandbox has ended'))),
  );
  for (const entry of logged().filter((text) => text !== '')) {
    assert.ok(!entry.includes(secret), entry);
    assert.notEqual((JSON.parse(entry) as { msg?: string }).msg, 'forged');
  }
});
