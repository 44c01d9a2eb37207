import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { isFault } from '#base/fault.ts';
import { eventually } from '#kernel/testing/eventually.ts';
import { writeChatMachine } from '../testing/chat-machine.ts';
import { type OpenedDownloads, openedDownloads } from '../testing/opened-downloads.ts';
import type { ResumableDownloads } from './downloads.ts';

type Serve = (request: IncomingMessage, response: ServerResponse, bytes: Buffer, partFile: string) => void;

interface World extends OpenedDownloads {
  readonly modelsDir: string;
  readonly bytes: Buffer;
  /** Ranges that were asked for. */
  readonly ranges: (string | undefined)[];
  serve: Serve;
}

/** A real HTTP server with a real model file. */
async function downloadWorld(serve: Serve = serveWithRanges): Promise<World> {
  const modelsDir = mkdtempSync(path.join(tmpdir(), 'cds-downloads-'));
  const original = path.join(modelsDir, '.original');
  writeChatMachine(original);
  const bytes = readFileSync(original);
  rmSync(original);
  const ranges: (string | undefined)[] = [];
  const server: Server = createServer((request, response) => {
    ranges.push(request.headers.range);
    world.serve(request, response, bytes, path.join(modelsDir, '.downloads', 'model.gguf.part'));
  });
  const world: World = { ...(await openedDownloads(server, modelsDir)), modelsDir, bytes, ranges, serve };
  return world;
}

const etag = '"v1"';

function serveWithRanges(request: IncomingMessage, response: ServerResponse, bytes: Buffer): void {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const partial = from > 0 && request.headers['if-range'] === etag;
  const body = partial ? bytes.subarray(from) : bytes;
  response.writeHead(partial ? 206 : 200, {
    etag,
    'content-length': body.length,
    ...(partial ? { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` } : {}),
  });
  response.end(body);
}

/** Sends some bytes of what was asked for, and breaks the connection once they are on the disk. */
function breakAfter(count: number): Serve {
  return (request, response, bytes, partFile) => {
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    response.writeHead(from > 0 ? 206 : 200, {
      etag,
      'content-length': bytes.length - from,
      ...(from > 0 ? { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` } : {}),
    });
    const part = bytes.subarray(from, from + count);
    response.write(part);
    const timer = setInterval(() => {
      const size = statSync(partFile, { throwIfNoEntry: false })?.size ?? 0;
      if (size < from + part.length) return;
      clearInterval(timer);
      response.destroy();
    }, 5);
    response.on('close', () => clearInterval(timer));
  };
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function ended(downloads: ResumableDownloads, file = 'model.gguf') {
  await eventually(() => {
    const [info] = downloads.list().filter(({ modelId }) => `${modelId}.gguf` === file);
    assert.ok(info !== undefined && ['finished', 'failed', 'cancelled'].includes(info.state), info?.state);
  });
  return downloads.list().find(({ modelId }) => `${modelId}.gguf` === file);
}

test('a download ends as a model of the folder, its hash checked', async () => {
  await using world = await downloadWorld();
  const states: string[] = [];
  const downloads = world.open({ onProgress: ({ state }) => states.push(state) });
  await downloads.start({
    url: `${world.url}/some/model.gguf?token=abc`,
    sha256: sha256(world.bytes).toUpperCase(),
  });
  const info = await ended(downloads);
  assert.equal(info?.state, 'finished');
  assert.equal(info.receivedBytes, world.bytes.length);
  assert.equal(info.source, `${world.url}/some/model.gguf`, 'no query is shown');
  assert.deepEqual(readFileSync(path.join(world.modelsDir, 'model.gguf')), world.bytes);
  assert.deepEqual([...new Set(states)], ['running', 'checking', 'finished']);
  assert.deepEqual(readdirSync(path.join(world.modelsDir, '.downloads')), []);
});

test('a download that breaks goes on where it stopped, by itself', async () => {
  await using world = await downloadWorld(breakAfter(100_000));
  const downloads = world.open();
  await downloads.start({ url: `${world.url}/model.gguf`, sha256: sha256(world.bytes) });
  assert.equal((await ended(downloads))?.state, 'finished');
  assert.deepEqual(world.ranges.slice(0, 3), [undefined, 'bytes=100000-', 'bytes=200000-']);
  assert.deepEqual(readFileSync(path.join(world.modelsDir, 'model.gguf')), world.bytes);
});

test('a server that gives nothing more lets the download fail, and its bytes are kept for the next start', async () => {
  await using world = await downloadWorld((request, response, bytes, partFile) => {
    if (request.headers.range === undefined) breakAfter(50_000)(request, response, bytes, partFile);
    else response.destroy();
  });
  const downloads = world.open();
  await downloads.start({ url: `${world.url}/model.gguf` });
  const info = await ended(downloads);
  assert.equal(info?.state, 'failed');
  assert.equal(info.problem, 'llm.download_failed');
  assert.ok(!existsSync(path.join(world.modelsDir, 'model.gguf')));
  world.serve = serveWithRanges;
  await downloads.start({ url: `${world.url}/model.gguf` });
  assert.equal((await ended(downloads))?.state, 'finished');
  assert.equal(world.ranges.at(-1), 'bytes=50000-');
});

test('a download under way goes on after a restart of the server', async () => {
  await using world = await downloadWorld((_request, response, bytes) => {
    response.writeHead(200, { etag, 'content-length': bytes.length });
    response.write(bytes.subarray(0, 70_000));
  });
  const first = world.open();
  await first.start({ url: `${world.url}/model.gguf` });
  await eventually(() => {
    const part = path.join(world.modelsDir, '.downloads', 'model.gguf.part');
    assert.equal(statSync(part).size, 70_000);
  });
  await first[Symbol.asyncDispose]();
  world.serve = serveWithRanges;
  const second = world.open();
  assert.equal(second.list()[0]?.state, 'cancelled');
  second.resume();
  await eventually(() => assert.equal(second.list()[0]?.state, 'finished'));
  assert.equal(world.ranges.at(-1), 'bytes=70000-');
});

test('a file that has changed meanwhile is taken anew, never put together of two', async () => {
  let asked = 0;
  await using world = await downloadWorld((request, response, bytes, partFile) => {
    asked += 1;
    // The first bytes are of another state of the file.
    if (asked === 1) breakAfter(40_000)(request, response, Buffer.alloc(bytes.length), partFile);
    else if (request.headers['if-range'] === etag)
      serveWithRanges({ headers: {} } as IncomingMessage, response, bytes);
    else serveWithRanges(request, response, bytes);
  });
  const downloads = world.open();
  await downloads.start({ url: `${world.url}/model.gguf` });
  assert.equal((await ended(downloads))?.state, 'finished');
  assert.deepEqual(readFileSync(path.join(world.modelsDir, 'model.gguf')), world.bytes);
});

test('a wrong hash leaves nothing behind', async () => {
  await using world = await downloadWorld();
  const downloads = world.open();
  await downloads.start({ url: `${world.url}/model.gguf`, sha256: '0'.repeat(64) });
  const info = await ended(downloads);
  assert.equal(info?.state, 'failed');
  assert.ok(!existsSync(path.join(world.modelsDir, 'model.gguf')));
  assert.deepEqual(readdirSync(path.join(world.modelsDir, '.downloads')), []);
});

test('the hash that a hub names with its redirect is checked without asking', async () => {
  await using world = await downloadWorld((request, response, bytes) => {
    if (request.url === '/owner/repo/resolve/main/model.gguf') {
      response.writeHead(302, { location: '/file.bin', 'x-linked-etag': `"${'1'.repeat(64)}"` });
      response.end();
    } else serveWithRanges(request, response, bytes);
  });
  const downloads = world.open();
  await downloads.start({ hf: 'owner/repo', file: 'model.gguf' });
  assert.equal((await ended(downloads))?.problem, 'llm.download_failed');
});

test('of a repository with one GGUF file that one is taken; of several one must be chosen', async () => {
  await using world = await downloadWorld((request, response, bytes) => {
    if (request.url !== '/api/models/owner/repo') return serveWithRanges(request, response, bytes);
    response.end(JSON.stringify({ siblings: [{ rfilename: 'README.md' }, { rfilename: 'model.gguf' }] }));
  });
  const downloads = world.open();
  await downloads.start({ hf: 'owner/repo' });
  assert.equal((await ended(downloads))?.state, 'finished');
  world.serve = (_request, response) => {
    response.end(JSON.stringify({ siblings: [{ rfilename: 'a.gguf' }, { rfilename: 'b.gguf' }] }));
  };
  await assert.rejects(downloads.start({ hf: 'owner/repo' }), (error) =>
    isFault(error, 'llm.download_invalid'),
  );
});

test('a model of the catalogue is pulled by its name; a name that is not in it is told', async () => {
  await using world = await downloadWorld((request, response, bytes) => {
    const known = '/Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF/resolve/main/qwen2.5-coder-0.5b-instruct-q8_0.gguf';
    if (request.url === known) serveWithRanges(request, response, bytes);
    else response.writeHead(404).end();
  });
  const downloads = world.open();
  await downloads.start({ hf: 'qwen2.5-coder-0.5b-instruct-q8_0' });
  assert.equal((await ended(downloads, 'qwen2.5-coder-0.5b-instruct-q8_0.gguf'))?.state, 'finished');
  await assert.rejects(
    downloads.start({ hf: 'qwen-nothing' }),
    (error) => isFault(error, 'llm.download_invalid') && /catalogue/.test(String(error.data.reason)),
  );
});

test('an error page under a model’s name becomes no model', async () => {
  await using world = await downloadWorld((_request, response) => {
    response.end('<html>Please sign in</html>');
  });
  const downloads = world.open();
  await downloads.start({ url: `${world.url}/model.gguf` });
  assert.equal((await ended(downloads))?.state, 'failed');
  assert.deepEqual(readdirSync(world.modelsDir), ['.downloads']);
});

test('a disk without room is told before the first byte is written', async () => {
  await using world = await downloadWorld((_request, response) => {
    response.writeHead(200, { 'content-length': String(2 ** 50) });
    response.write('GGUF');
  });
  const downloads = world.open();
  await assert.rejects(downloads.start({ url: `${world.url}/model.gguf` }), (error) =>
    isFault(error, 'llm.disk_full'),
  );
  assert.ok(!existsSync(path.join(world.modelsDir, '.downloads', 'model.gguf.part')));
});

test('a disk that fills up in the middle is told; nothing gets a model’s name, and it goes on once there is room', async (t) => {
  await using world = await downloadWorld((request, response, bytes) => {
    // Without a length, so that the room can't be judged before.
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    response.writeHead(from > 0 ? 206 : 200, {
      etag,
      ...(from > 0 ? { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` } : {}),
    });
    response.end(bytes.subarray(from));
  });
  const parts = path.join(world.modelsDir, '.downloads');
  mkdirSync(parts);
  const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=128k', 'tmpfs', parts]);
  if (mount.status !== 0) return t.skip('a small file system can’t be mounted here (needs root)');
  try {
    const downloads = world.open();
    await downloads.start({ url: `${world.url}/model.gguf` }).catch(() => undefined);
    const failed = await ended(downloads);
    assert.equal(failed?.state, 'failed');
    assert.equal(failed?.problem, 'llm.disk_full');
    assert.ok(!existsSync(path.join(world.modelsDir, 'model.gguf')));
  } finally {
    spawnSync('umount', ['-l', parts]);
  }
  const downloads = world.open();
  await downloads.start({ url: `${world.url}/model.gguf` });
  assert.equal((await ended(downloads))?.state, 'finished');
});

test('a file that another process is downloading is left to it; what a dead one left is not', async () => {
  await using world = await downloadWorld();
  const parts = path.join(world.modelsDir, '.downloads');
  mkdirSync(parts);
  const script = `import { holdFile } from ${JSON.stringify(new URL('../../../kernel/supervise/held-file.ts', import.meta.url).href)};
    globalThis.held = holdFile(${JSON.stringify(path.join(parts, 'model.gguf.lock'))});
    console.log('held'); setInterval(() => {}, 1_000);`;
  const other = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(other.stdout, 'data');
  const downloads = world.open();
  await assert.rejects(downloads.start({ url: `${world.url}/model.gguf` }), (error) => {
    assert.ok(isFault(error, 'llm.download_elsewhere'));
    assert.equal(error.data.pid, other.pid);
    return true;
  });
  other.kill('SIGKILL');
  await once(other, 'exit');
  await downloads.start({ url: `${world.url}/model.gguf` });
  assert.equal((await ended(downloads))?.state, 'finished');
});

test('refuses what is no GGUF file’s address, what is missing there, and what is here already', async () => {
  await using world = await downloadWorld((request, response, bytes) => {
    if (request.url === '/missing.gguf') response.writeHead(404).end();
    else serveWithRanges(request, response, bytes);
  });
  const downloads = world.open();
  for (const url of [
    'ftp://host/model.gguf',
    `${world.url}/model.zip`,
    `${world.url}/..%2F..%2Fmodel.gguf`,
  ]) {
    await assert.rejects(downloads.start({ url }), (error) => isFault(error, 'llm.download_invalid'), url);
  }
  await assert.rejects(downloads.start({}), (error) => isFault(error, 'llm.download_invalid'));
  await assert.rejects(downloads.start({ url: `${world.url}/missing.gguf` }), (error) =>
    isFault(error, 'llm.download_failed'),
  );
  writeFileSync(path.join(world.modelsDir, 'model.gguf'), 'precious');
  await assert.rejects(downloads.start({ url: `${world.url}/model.gguf` }), (error) =>
    isFault(error, 'llm.download_invalid'),
  );
  assert.equal(readFileSync(path.join(world.modelsDir, 'model.gguf'), 'utf8'), 'precious');
});

test('a second start of the same download joins the first; a cancelled one is not resumed by itself', async () => {
  await using world = await downloadWorld((_request, response, bytes) => {
    response.writeHead(200, { etag, 'content-length': bytes.length });
    response.write(bytes.subarray(0, 10_000));
  });
  const downloads = world.open();
  const first = await downloads.start({ url: `${world.url}/model.gguf` });
  const second = await downloads.start({ url: `${world.url}/model.gguf` });
  assert.equal(second.downloadId, first.downloadId);
  assert.equal(world.ranges.length, 1);
  await downloads.cancel(first.downloadId);
  assert.equal((await ended(downloads))?.state, 'cancelled');
  downloads.resume();
  assert.equal(downloads.list()[0]?.state, 'cancelled');
  await assert.rejects(downloads.cancel('unknown'), (error) => isFault(error, 'llm.download_unknown'));
});
