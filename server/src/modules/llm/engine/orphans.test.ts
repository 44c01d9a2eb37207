import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { endsWithParent } from '#kernel/supervise/parent-death.ts';
import { isAlive, startMark } from '#kernel/supervise/process-state.ts';
import { eventually } from '#kernel/testing/eventually.ts';
import { writeRandomModel } from '../testing/models.ts';
import { endLostServers } from './llama-server/lost-servers.ts';

const skip = endsWithParent('KILL').length === 0 ? 'needs setpriv of util-linux' : false;

let folder: string;
before(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'cds-orphans-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** A process of its own that starts what the script says and tells its process id. */
async function startParent(script: string): Promise<{ parent: ChildProcess; childPid: number }> {
  const parent = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, TMPDIR: folder },
    cwd: import.meta.dirname,
  });
  const [text] = await once(parent.stdout ?? parent, 'data');
  return { parent, childPid: Number(String(text)) };
}

const load = { modelId: 'm', contextSize: 256, parallel: 1, threads: 1, batchSize: 64 };
const moduleAt = (file: string) => JSON.stringify(new URL(file, import.meta.url).href);

/** Stands in for llama-server where there is none: answers on its socket, and does not end when it is asked to. */
function writeServer(): string {
  const file = path.join(folder, 'llama-server.mjs');
  writeFileSync(
    file,
    `#!${process.execPath}
     import { createServer } from 'node:http';
     process.on('SIGTERM', () => {});
     createServer((request, response) => response.end('{}')).listen(process.argv[process.argv.indexOf('--host') + 1]);`,
    { mode: 0o755 },
  );
  return file;
}

test('a llama-server does not outlive a kill -9 of the platform', { skip }, async () => {
  const options = { ...load, modelFile: '/none.gguf', binary: writeServer(), embeddings: false };
  const { parent, childPid } = await startParent(`
    import { startServerProcess } from ${moduleAt('./llama-server/server-process.ts')};
    const signal = new AbortController().signal;
    const server = await startServerProcess({ ...${JSON.stringify(options)}, signal, log: () => {} });
    console.log(server.processId);`);
  assert.ok(isAlive(childPid));
  parent.kill('SIGKILL');
  await eventually(() => assert.equal(isAlive(childPid), false));
  // What it left goes with the next start.
  const left = () =>
    startParent(`
    import { endLostServers } from ${moduleAt('./llama-server/lost-servers.ts')};
    import { readdirSync } from 'node:fs';
    endLostServers(${JSON.stringify(folder)});
    console.log(readdirSync(${JSON.stringify(folder)}).filter((name) => name.startsWith('cds-llama-')).length);`);
  await eventually(async () => assert.equal((await left()).childPid, 0));
});

test('the process of a model does not outlive a kill -9 of the platform, also where it hangs', {
  skip,
}, async () => {
  const modelFile = path.join(folder, 'random.gguf');
  writeRandomModel(modelFile, { seed: 1 });
  const { parent, childPid } = await startParent(`
    import { startNativeEngine } from ${moduleAt('./native/native-engine.ts')};
    const signal = new AbortController().signal;
    const engine = await startNativeEngine({ ...${JSON.stringify({ ...load, modelFile })}, signal, log: () => {} });
    console.log(engine.processId);`);
  // As in a load or a decode that does not return: it can't see that its channel has ended.
  process.kill(childPid, 'SIGSTOP');
  parent.kill('SIGKILL');
  await eventually(() => assert.equal(isAlive(childPid), false));
});

test('a server whose platform was killed is found and ended; one of a living platform, and a pid that was given anew, are not', {
  skip: process.platform !== 'linux' && 'needs /proc',
}, async () => {
  const lost = spawn('sleep', ['600']);
  const kept = spawn('sleep', ['600']);
  try {
    const gone = spawn('true');
    const goneMark = startMark(gone.pid ?? 0);
    await once(gone, 'exit');
    const self = { pid: process.pid, startMark: startMark(process.pid) };
    const dead = { pid: gone.pid, startMark: goneMark ?? '1' };
    const note = (name: string, parent: object, child: object) => {
      mkdirSync(path.join(folder, name));
      writeFileSync(path.join(folder, name, 'owner.json'), JSON.stringify({ parent, child }));
    };
    const running = ({ pid = 0 }: ChildProcess) => ({ pid, startMark: startMark(pid) });
    note('cds-llama-lost', dead, running(lost));
    note('cds-llama-used', self, running(kept));
    note('cds-llama-reused', dead, { ...running(kept), startMark: '1' });
    assert.deepEqual(endLostServers(folder), [lost.pid]);
    await once(lost, 'exit');
    assert.ok(isAlive(kept.pid ?? 0));
    assert.ok(!existsSync(path.join(folder, 'cds-llama-lost')));
    assert.ok(existsSync(path.join(folder, 'cds-llama-used')));
  } finally {
    lost.kill('SIGKILL');
    kept.kill('SIGKILL');
  }
});
