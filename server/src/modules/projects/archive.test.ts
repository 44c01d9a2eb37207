import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer as createHttpsServer } from 'node:https';
import { connect, createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import test, { after, before } from 'node:test';
import yazl from 'yazl';
import { isFault } from '#base/fault.ts';
import { eventually } from '#kernel/testing/eventually.ts';
import { isPublicAddress, parseGitAddress } from './archive/address-guard.ts';
import { startConnectProxy } from './archive/connect-proxy.ts';
import { type Person, type ProjectWorld, projectWorld } from './testing/project-world.ts';

let shared: ProjectWorld;
let person: Person;
before(async () => {
  shared = await projectWorld({
    CDS_PROJECTS_IMPORT_PRIVATE_HOSTS: '127.0.0.1',
    CDS_PROJECTS_QUOTA_BYTES: String(4 * 2 ** 20),
    CDS_PROJECTS_QUOTA_FILES: '1000',
  });
  person = await shared.account();
});
after(() => shared[Symbol.asyncDispose]());

async function zipOf(fill: (zip: yazl.ZipFile) => void): Promise<Buffer> {
  const zip = new yazl.ZipFile();
  fill(zip);
  zip.end();
  const chunks: Buffer[] = [];
  for await (const chunk of zip.outputStream) chunks.push(Buffer.from(chunk as Buffer));
  return Buffer.concat(chunks);
}

async function upload(body: Buffer, options: { who?: Person; name?: string; type?: string } = {}) {
  const { who = person, name = 'imported', type = 'application/zip' } = options;
  shared.world.clock.advance(10_000);
  const response = await fetch(`${shared.world.url}/projects/import?name=${encodeURIComponent(name)}`, {
    method: 'POST',
    headers: { 'content-type': type, authorization: `Bearer ${who.token}` },
    body: new Uint8Array(body),
  });
  return {
    status: response.status,
    body: (await response.json()) as { id: string; code?: string; name: string },
  };
}

const projectFolders = () =>
  readdirSync(path.join(shared.world.dataDir, 'projects')).filter((name) => name !== '.trash');

test('a project survives export and import, executable bits and empty folders included', async () => {
  const { id } = await person.call('project.create', { name: 'Größe/1', template: 'python' });
  const workspace = shared.workspaceOf(id);
  execFileSync(
    'sh',
    ['-c', 'chmod +x main.py; mkdir hollow; mkdir node_modules; touch node_modules/x; : > zero'],
    {
      cwd: workspace,
    },
  );
  symlinkSync('/etc/passwd', path.join(workspace, 'link'));
  const { url, fileName } = await person.call('project.export', { id });
  assert.equal(fileName, 'Größe-1.zip');
  const response = await fetch(shared.world.url + url, {
    headers: { authorization: `Bearer ${person.token}` },
  });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('content-type'), 'application/zip');
  const zip = Buffer.from(await response.arrayBuffer());
  const imported = await upload(zip, { name: 'again' });
  assert.equal(imported.status, 201, JSON.stringify(imported.body));
  const copy = shared.workspaceOf(imported.body.id);
  assert.equal(
    readFileSync(path.join(copy, 'main.py'), 'utf8'),
    readFileSync(path.join(workspace, 'main.py'), 'utf8'),
  );
  const listed = execFileSync('find', ['.', '-path', './.git', '-prune', '-o', '-printf', '%P %m\n'], {
    cwd: copy,
  });
  const names = listed.toString();
  assert.match(names, /^main\.py 755$/m);
  assert.match(names, /^hollow /m);
  assert.match(names, /^zero 644$/m);
  assert.doesNotMatch(names, /link|node_modules/);
  const opened = await person.call('project.open', { id: imported.body.id });
  assert.equal(opened.git?.clean, true);
});

test('the export is for members only, and says 404 to others', async () => {
  const { id } = await person.call('project.create', { name: 'private' });
  const stranger = await shared.account();
  const get = (token: string) =>
    fetch(`${shared.world.url}/projects/${id}/export.zip`, {
      headers: token === '' ? {} : { authorization: `Bearer ${token}` },
    });
  assert.equal((await get(stranger.token)).status, 404);
  assert.equal((await get('')).status, 401);
  const odd = await fetch(`${shared.world.url}/projects/..%2f..%2fetc/export.zip`, {
    headers: { authorization: `Bearer ${person.token}` },
  });
  assert.equal(odd.status, 404);
});

test('refuses zips whose names lead out, whatever way they spell it, and leaves nothing', async () => {
  const before = projectFolders();
  for (const name of [
    '../out.txt',
    '/tmp/out.txt',
    'a/../../out.txt',
    'a\\..\\out.txt',
    'C:/out.txt',
    '%2e%2e/out',
  ]) {
    // yazl refuses to write such names, so a harmless one of the same length is replaced afterwards.
    const harmless = 'n'.repeat(Buffer.byteLength(name));
    const zip = await zipOf((file) => {
      file.addBuffer(Buffer.from('x'), harmless);
      file.addBuffer(Buffer.from('x'), 'another');
    });
    const evil = Buffer.from(zip.toString('latin1').replaceAll(harmless, name), 'latin1');
    const { status } = await upload(evil);
    assert.equal(status, 400, name);
  }
  assert.deepEqual(projectFolders(), before);
});

test('leaves links and .git out of a zip', async () => {
  const zip = await zipOf((file) => {
    file.addBuffer(Buffer.from('#!/bin/sh\n'), 'root/.git/hooks/post-checkout', { mode: 0o100755 });
    file.addBuffer(Buffer.from('/etc/passwd'), 'root/link', { mode: 0o120777 });
    file.addBuffer(Buffer.from('ok'), 'root/file');
  });
  const { status, body } = await upload(zip);
  assert.equal(status, 201);
  const copy = shared.workspaceOf(body.id);
  assert.deepEqual(readdirSync(copy).sort(), ['.git', 'file']);
  assert.equal(existsSync(path.join(copy, '.git/hooks/post-checkout')), false);
});

test('a zip bomb ends at the quota, and nothing of it stays', async () => {
  const before = projectFolders();
  const zip = await zipOf((file) => {
    for (let index = 0; index < 5; index += 1) file.addBuffer(Buffer.alloc(2 ** 20), `f${index}`);
  });
  assert.ok(zip.length < 20_000);
  assert.equal((await upload(zip)).body.code, 'projects.import_too_large');
  const many = await zipOf((file) => {
    for (let index = 0; index < 1200; index += 1) file.addBuffer(Buffer.alloc(0), `f${index}`);
  });
  assert.equal((await upload(many)).body.code, 'projects.import_too_large');
  assert.equal((await upload(Buffer.alloc(5 * 2 ** 20, 1))).body.code, 'projects.import_too_large');
  assert.deepEqual(projectFolders(), before);
});

test('what is no zip, is damaged, or comes as another type is refused', async () => {
  assert.equal((await upload(Buffer.from('no zip at all'))).body.code, 'projects.zip_invalid');
  assert.equal((await upload(Buffer.alloc(0))).status, 400);
  const zip = await zipOf((file) => file.addBuffer(Buffer.from('content'), 'file', { compress: false }));
  const damaged = Buffer.from(zip.toString('latin1').replace('content', 'contemt'), 'latin1');
  assert.equal((await upload(damaged)).body.code, 'projects.zip_invalid');
  assert.equal((await upload(zip, { type: 'text/plain' })).status, 400);
  assert.equal((await upload(zip, { who: { ...person, token: '' } })).status, 401);
  const viewer = await shared.account('viewer');
  assert.equal((await upload(zip, { who: viewer })).status, 403);
});

for (const [what, url] of [
  ['a local path', '/etc'],
  ['a file address', 'file:///etc'],
  ['plain http', 'http://example.org/a.git'],
  ['a transport helper', 'ext::sh -c touch% /tmp/pwned'],
  ['an option', '--upload-pack=touch /tmp/pwned'],
  ['an option as host', 'ssh://-oProxyCommand=touch/x'],
  ['an option as user', 'ssh://-oProxyCommand=x@example.org/x'],
  ['an option as path', 'ssh://example.org/-x'],
  ['a password', 'https://user:password@example.org/a.git'],
  ['a query', 'https://example.org/a.git?x=1'],
  ['spaces', 'https://example.org/a b'],
  ['a line break', 'https://example.org/a\n.git'],
  ['a backslash', 'https://example.org\\@127.0.0.1/a'],
  ['no path', 'https://example.org'],
  ['rubbish', 'https://'],
] as const) {
  test(`an address with ${what} is refused`, () => {
    assert.throws(
      () => parseGitAddress(url),
      (error) => isFault(error, 'projects.import_url_refused'),
    );
  });
}

test('reads https, ssh, git and scp-like addresses', () => {
  assert.equal(parseGitAddress('https://example.org/a/b.git').name, 'b');
  assert.equal(parseGitAddress('git://example.org:9419/b').port, 9419);
  const scp = parseGitAddress('git@example.org:team/tool.git');
  assert.deepEqual([scp.scheme, scp.user, scp.url], ['ssh', 'git', 'ssh://git@example.org/team/tool.git']);
});

test('knows which addresses are public', () => {
  for (const address of [
    '127.0.0.1',
    '10.1.2.3',
    '172.31.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '::1',
    '::',
    'fe80::1',
    'fd00::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    '2001:db8::1',
    '255.255.255.255',
    '224.0.0.1',
    'x',
  ])
    assert.equal(isPublicAddress(address), false, address);
  for (const address of ['1.1.1.1', '172.32.0.1', '2606:4700:4700::1111'])
    assert.equal(isPublicAddress(address), true, address);
});

test('refuses hosts of private networks, by address and by name', async () => {
  for (const url of [
    'https://localhost/x',
    'git://10.0.0.1/x',
    'https://[::1]/x',
    'https://2130706434/x',
    'ssh://git@192.168.0.1/x',
  ]) {
    shared.world.clock.advance(1000);
    await assert.rejects(
      person.call('project.import', { url }),
      (error) => isFault(error, 'projects.import_url_refused'),
      url,
    );
  }
});

test('the import’s proxy opens tunnels to public addresses only', async () => {
  const secret = createServer((socket) => socket.end('internal service'));
  await new Promise<void>((resolve) => secret.listen(0, '127.0.0.1', resolve));
  const address = secret.address();
  const port = typeof address === 'object' ? address?.port : 0;
  await using proxy = await startConnectProxy({ privateHosts: [] });
  const ask = (line: string) =>
    new Promise<string>((resolve, reject) => {
      const socket = connect(Number(new URL(proxy.url).port), '127.0.0.1');
      let answer = '';
      socket.on('data', (chunk) => {
        answer += chunk.toString();
      });
      socket.once('error', reject);
      socket.once('close', () => resolve(answer));
      socket.write(`${line}\r\nHost: x\r\nConnection: close\r\n\r\n`);
    });
  assert.match(await ask(`CONNECT 127.0.0.1:${port} HTTP/1.1`), /^HTTP\/1.1 403 /);
  assert.match(await ask(`CONNECT localhost:${port} HTTP/1.1`), /^HTTP\/1.1 403 /);
  assert.match(await ask('CONNECT nonsense HTTP/1.1'), /^HTTP\/1.1 400 /);
  assert.match(await ask(`GET http://127.0.0.1:${port}/ HTTP/1.1`), /^HTTP\/1.1 405 /);
  await new Promise((resolve) => secret.close(resolve));
});

test('clones over the network, with history, branch and working files; size and time are bounded', async () => {
  const base = mkdtempSync(path.join(os.tmpdir(), 'cds-git-daemon-'));
  const port = await freePort();
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=T', '-c', 'user.email=t@x', ...args], { stdio: 'pipe' });
  git('init', '-q', '-b', 'trunk', `${base}/small`);
  writeFileSync(`${base}/small/file`, 'content');
  symlinkSync('/etc/passwd', `${base}/small/link`);
  git('-C', `${base}/small`, 'add', '.');
  git('-C', `${base}/small`, 'commit', '-qm', 'first');
  git('-C', `${base}/small`, 'branch', 'other');
  git('init', '-q', `${base}/large`);
  writeFileSync(`${base}/large/noise`, crypto.getRandomValues(new Uint8Array(65_536)));
  execFileSync('sh', ['-c', 'for i in $(seq 100); do cat noise; done > big; rm noise'], {
    cwd: `${base}/large`,
  });
  git('-C', `${base}/large`, 'add', '.');
  git('-C', `${base}/large`, 'commit', '-qm', 'large');
  const daemon = spawn(
    'git',
    [
      'daemon',
      '--export-all',
      `--base-path=${base}`,
      '--listen=127.0.0.1',
      `--port=${port}`,
      '--reuseaddr',
      base,
    ],
    { stdio: 'ignore', detached: true },
  );
  const ended = new Promise((resolve) => daemon.once('exit', resolve));
  try {
    await eventually(async () => {
      const project = await person.call('project.import', { url: `git://127.0.0.1:${port}/small` });
      const opened = await person.call('project.open', { id: project.id });
      assert.equal(opened.project.name, 'small');
      assert.deepEqual([opened.git?.branch, opened.git?.clean], ['trunk', true]);
      assert.deepEqual(
        opened.files.map((file) => file.path),
        ['file'],
      );
    });
    const other = await person.call('project.import', {
      url: `git://127.0.0.1:${port}/small`,
      branch: 'other',
      name: 'n',
    });
    assert.equal((await person.call('project.git.status', { projectId: other.id })).branch, 'other');
    const before = projectFolders();
    await assert.rejects(person.call('project.import', { url: `git://127.0.0.1:${port}/large` }), (error) =>
      isFault(error, 'projects.import_too_large'),
    );
    await assert.rejects(person.call('project.import', { url: `git://127.0.0.1:${port}/missing` }), (error) =>
      isFault(error, 'projects.import_failed'),
    );
    assert.deepEqual(projectFolders(), before);
  } finally {
    if (daemon.pid !== undefined) process.kill(-daemon.pid, 'SIGTERM');
    await ended;
    rmSync(base, { recursive: true });
  }
});

const openssl = spawnSync('openssl', ['version']).status === 0;
const withoutOpenssl = openssl ? false : 'openssl is missing: sudo apt install openssl';

test('clones over https through the checking proxy, and trusts only known authorities', {
  skip: withoutOpenssl,
}, async () => {
  const base = mkdtempSync(path.join(os.tmpdir(), 'cds-git-https-'));
  execFileSync(
    'openssl',
    // biome-ignore format: one option and its value after the other
    ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', `${base}/key.pem`,
     '-out', `${base}/cert.pem`, '-days', '2', '-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'],
    { stdio: 'pipe' },
  );
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=T', '-c', 'user.email=t@x', ...args], { stdio: 'pipe' });
  git('init', '-q', '-b', 'main', `${base}/work`);
  writeFileSync(`${base}/work/file`, 'over https');
  git('-C', `${base}/work`, 'add', '.');
  git('-C', `${base}/work`, 'commit', '-qm', 'first');
  git('clone', '-q', '--bare', `${base}/work`, `${base}/site.git`);
  git('-C', `${base}/site.git`, 'update-server-info');
  // The plain file protocol of git over HTTP ("dumb"), which any static server speaks.
  const key = readFileSync(`${base}/key.pem`);
  const cert = readFileSync(`${base}/cert.pem`);
  const site = createHttpsServer({ key, cert }, (request, response) => {
    const file = path.join(base, (request.url ?? '/').split('?')[0] ?? '');
    if (!file.startsWith(`${base}/site.git/`) || !existsSync(file)) response.writeHead(404).end();
    else response.end(readFileSync(file));
  });
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  const address = site.address();
  const url = `https://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/site.git`;
  try {
    await assert.rejects(person.call('project.import', { url }), (error) =>
      isFault(error, 'projects.import_failed'),
    );
    await using trusting = await projectWorld({
      CDS_PROJECTS_IMPORT_PRIVATE_HOSTS: '127.0.0.1',
      CDS_PROJECTS_IMPORT_CERTIFICATES: `${base}/cert.pem`,
    });
    const project = await trusting.person().call('project.import', { url });
    assert.equal(project.name, 'site');
    assert.equal(readFileSync(path.join(trusting.workspaceOf(project.id), 'file'), 'utf8'), 'over https');
  } finally {
    site.closeAllConnections();
    await new Promise((resolve) => site.close(resolve));
    rmSync(base, { recursive: true });
  }
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
