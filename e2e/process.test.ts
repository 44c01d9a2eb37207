import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from '@cyberdevstudio/server/kernel/supervise/process-state.ts';
import { registerUser } from './client.ts';
import { form, startCommand, startPlatformProcesses, stopCommand } from './platform.ts';

// What concerns the one-process form as a process runs once, with the suite of that form.
const skip = form === 'split' ? 'runs with the one-process form' : false;

function folder(): { path: string } & Disposable {
  const made = mkdtempSync(path.join(tmpdir(), 'cds-process-'));
  return { path: made, [Symbol.dispose]: () => rmSync(made, { recursive: true, force: true }) };
}

/** Every process whose command line or environment names the data folder. */
async function processesOf(dataDir: string): Promise<string> {
  const list = spawn('sh', [
    '-c',
    `grep -laF -- '${dataDir}' /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null || true`,
  ]);
  let text = '';
  for await (const chunk of list.stdout) text += String(chunk);
  const pids = new Set(text.split('\n').map((line) => Number(/\/proc\/(\d+)\//.exec(line)?.[1] ?? 0)));
  return [...pids]
    .filter((pid) => pid > 0 && pid !== process.pid && pid !== list.pid && isAlive(pid))
    .join(' ');
}

test('Ctrl-C stops everything, and no process remains', { skip }, async () => {
  using place = folder();
  const { child } = await startCommand(['start'], {
    environment: { CDS_DATA_DIR: place.path, CDS_PORT: '0' },
    ready: /·/,
  });
  assert.equal(await stopCommand(child), 0);
  assert.equal(await processesOf(place.path), '');
});

test('a second start on the same data folder is refused clearly', { skip }, async () => {
  using place = folder();
  const environment = { CDS_DATA_DIR: place.path, CDS_PORT: '0' };
  const { child } = await startCommand(['start'], { environment, ready: /·/ });
  await assert.rejects(
    startCommand(['start'], { environment, ready: /·/ }),
    /already.*database\.folder_in_use/s,
  );
  await stopCommand(child);
});

test('a taken port and a wrong setting end the start with one line that names them', { skip }, async () => {
  using place = folder();
  await assert.rejects(
    startCommand(['start'], { environment: { CDS_DATA_DIR: place.path, CDS_PORT: 'http' }, ready: /·/ }),
    /The setting CDS_PORT is not valid/,
  );
  await assert.rejects(
    startCommand(['start'], {
      environment: { CDS_DATA_DIR: place.path, CDS_HOST: '0.0.0.0', CDS_PORT: '0' },
      ready: /·/,
    }),
    /config\.insecure_listen/,
  );
});

test('kill -9 loses no acknowledged write, leaves no orphan, and the next start is back within 10 s', {
  skip,
}, async () => {
  using place = folder();
  const environment = { CDS_DATA_DIR: place.path, CDS_PORT: '0', CDS_REGISTRATION: 'open' };
  const first = await startPlatformProcesses({ dataDir: place.path });
  const user = await registerUser(first.url, 'mara');
  const { id: projectId } = await user.call<{ id: string }>('project.create', { name: 'p' });
  const running = user
    .call('run.exec', { projectId, command: 'sleep', args: ['60'], timeoutMs: 60_000 })
    .catch(() => undefined);
  const acknowledged: string[] = [];
  const writer = (async () => {
    for (let index = 0; index < 500; index += 1) {
      await user.call('project.file.save', { projectId, path: `f${index}.txt`, content: `text ${index}` });
      acknowledged.push(`f${index}.txt`);
    }
  })().catch(() => undefined);
  await sleep(1_500);
  first.processes[0]?.kill('SIGKILL');
  await Promise.all([writer, running]);
  for (let tries = 0; tries < 100 && (await processesOf(place.path)) !== ''; tries += 1) await sleep(100);
  assert.equal(await processesOf(place.path), '');

  const startedAtMs = Date.now();
  const { child, match } = await startCommand(['start'], { environment, ready: /(http:\/\/[\d.]+:\d+) ·/ });
  assert.ok(Date.now() - startedAtMs < 10_000);
  const url = match[1] ?? '';
  const login = await fetch(`${url}/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'mara', password: 'correct horse mara' }),
  });
  const { accessToken } = (await login.json()) as { accessToken: string };
  assert.ok(acknowledged.length > 5);
  for (const file of acknowledged) {
    const response = await fetch(`${url}/rpc`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${accessToken}` },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'fs.read', params: { projectId, path: file } }),
    });
    const { result } = (await response.json()) as { result?: { content: string } };
    assert.equal(result?.content, `text ${file.slice(1, -4)}`);
  }
  await stopCommand(child);
});

test('a backup of a running platform is restored into a fresh folder, with users, projects and files', {
  skip,
}, async () => {
  using place = folder();
  using target = folder();
  const file = path.join(place.path, 'b.zip');
  {
    await using platform = await startPlatformProcesses({ dataDir: place.path });
    const user = await registerUser(platform.url, 'mara');
    const { id } = await user.call<{ id: string }>('project.create', { name: 'kept' });
    await user.call('project.file.save', { projectId: id, path: 'note.txt', content: 'kept' });
    await startCommand(['backup', 'create', file], {
      environment: { CDS_DATA_DIR: place.path },
      ready: /written and verified/,
    });
  }
  const dataDir = path.join(target.path, 'fresh');
  await startCommand(['backup', 'restore', file], {
    environment: { CDS_DATA_DIR: dataDir },
    ready: /Restored/,
  });
  await sleep(1_500);
  const environment = { CDS_DATA_DIR: dataDir, CDS_PORT: '0' };
  const { child, match } = await startCommand(['start'], { environment, ready: /(http:\/\/[\d.]+:\d+) ·/ });
  const login = await fetch(`${match[1]}/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'mara', password: 'correct horse mara' }),
  });
  assert.equal(login.status, 200);
  await stopCommand(child);
  assert.ok(readFileSync(file).length > 1000);
});
