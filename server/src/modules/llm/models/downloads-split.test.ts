import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { isFault } from '#base/fault.ts';
import { eventually } from '#kernel/testing/eventually.ts';
import { writeSplitChatMachine } from '../testing/chat-machine.ts';
import { type OpenedDownloads, openedDownloads } from '../testing/opened-downloads.ts';
import type { ResumableDownloads } from './downloads.ts';
import { createModelFolder } from './folder.ts';

const modelId = 'big-00001-of-00003';
const names = ['big-00001-of-00003.gguf', 'big-00002-of-00003.gguf', 'big-00003-of-00003.gguf'];

interface World extends OpenedDownloads {
  readonly modelsDir: string;
  readonly files: Map<string, Buffer>;
  /** What was asked for: method, name and where it was to begin. */
  readonly asked: string[];
  /** Answers instead of the server when it returns true. */
  intercept: (name: string, from: number, response: ServerResponse) => boolean;
}

/** A real HTTP server that has a model in three files. */
async function splitWorld(): Promise<World> {
  const modelsDir = mkdtempSync(path.join(tmpdir(), 'cds-downloads-split-'));
  const origin = mkdtempSync(path.join(tmpdir(), 'cds-downloads-origin-'));
  const files = new Map(
    writeSplitChatMachine(path.join(origin, 'big'), 3).map((file) => [
      path.basename(file),
      readFileSync(file),
    ]),
  );
  rmSync(origin, { recursive: true });
  const server = createServer((request, response) => {
    const name = path.basename(new URL(request.url ?? '', 'http://x').pathname);
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    world.asked.push(`${request.method} ${name} ${from}`);
    const bytes = files.get(name);
    if (bytes === undefined) {
      response.writeHead(404).end();
      return;
    }
    if (request.method === 'GET' && world.intercept(name, from, response)) return;
    response.writeHead(from > 0 ? 206 : 200, headersOf(bytes, from));
    response.end(request.method === 'HEAD' ? undefined : bytes.subarray(from));
  });
  const world: World = {
    ...(await openedDownloads(server, modelsDir)),
    modelsDir,
    files,
    asked: [],
    intercept: () => false,
  };
  return world;
}

function headersOf(bytes: Buffer, from: number) {
  const range = { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
  return { etag: '"v1"', 'content-length': bytes.length - from, ...(from > 0 ? range : {}) };
}

const totalOf = ({ files }: World) => [...files.values()].reduce((sum, bytes) => sum + bytes.length, 0);

async function ended(downloads: ResumableDownloads) {
  await eventually(() => {
    const [info] = downloads.list();
    assert.ok(info !== undefined && ['finished', 'failed', 'cancelled'].includes(info.state), info?.state);
  });
  return downloads.list()[0];
}

async function assertWhole(world: World): Promise<void> {
  for (const [name, bytes] of world.files) {
    assert.deepEqual(readFileSync(path.join(world.modelsDir, name)), bytes, name);
  }
  const models = await createModelFolder(world.modelsDir).list();
  assert.deepEqual(
    models.map(({ id, problem, sizeBytes }) => [id, problem, sizeBytes]),
    [[modelId, null, totalOf(world)]],
  );
  assert.deepEqual(readdirSync(path.join(world.modelsDir, '.downloads')), []);
}

test('whichever file of a split model is named, all of them are pulled, as one model with one progress', async () => {
  for (const named of names) {
    await using world = await splitWorld();
    const told: (readonly [number, number | null])[] = [];
    const downloads = world.open({
      onProgress: ({ receivedBytes, totalBytes }) => told.push([receivedBytes, totalBytes]),
    });
    const sha256 = createHash('sha256')
      .update(world.files.get(named) ?? '')
      .digest('hex');
    const info = await downloads.start({ url: `${world.url}/some/${named}?token=abc`, sha256 });
    assert.equal(info.modelId, modelId);
    assert.equal((await ended(downloads))?.state, 'finished');
    assert.equal(downloads.list().length, 1);
    assert.ok(
      told.every(([, total]) => total === totalOf(world)),
      JSON.stringify(told),
    );
    const received = told.map(([bytes]) => bytes);
    assert.deepEqual(
      received,
      [...received].sort((a, b) => a - b),
    );
    assert.equal(received.at(-1), totalOf(world));
    await assertWhole(world);
    await assert.rejects(downloads.start({ url: `${world.url}/some/${named}` }), (error) =>
      isFault(error, 'llm.download_invalid'),
    );
  }
});

test('of a repository the split 4-bit model counts as one choice', async () => {
  await using world = await splitWorld();
  const list = ['q8-00001-of-00002.gguf', 'q8-00002-of-00002.gguf', ...names].map((rfilename) => ({
    rfilename: `all/${rfilename.replace('big', 'big-q4_k_m')}`,
  }));
  for (const [name, bytes] of [...world.files]) world.files.set(name.replace('big', 'big-q4_k_m'), bytes);
  world.files.set(
    'repo',
    Buffer.from(JSON.stringify({ siblings: list.filter((one) => !/q8/.test(one.rfilename)) })),
  );
  const downloads = world.open();
  const info = await downloads.start({ hf: 'owner/repo' });
  assert.equal(info.modelId, 'big-q4_k_m-00001-of-00003');
  assert.equal((await ended(downloads))?.state, 'finished');
});

test('a download of several files goes on in the file where it stopped, also after a restart', async () => {
  await using world = await splitWorld();
  const [one = '', two = ''] = names;
  world.intercept = (name, from, response) => {
    if (name !== two || from > 0) return false;
    const bytes = world.files.get(name) ?? Buffer.alloc(0);
    response.writeHead(200, headersOf(bytes, 0)).write(bytes.subarray(0, 10_000));
    return true;
  };
  const first = world.open();
  await first.start({ url: `${world.url}/${one}` });
  const part = path.join(world.modelsDir, '.downloads', `${two}.part`);
  await eventually(() => assert.equal(statSync(part).size, 10_000));
  await first[Symbol.asyncDispose]();
  assert.deepEqual(await createModelFolder(world.modelsDir).list(), [], 'no file has a name of a model yet');
  world.asked.length = 0;
  const second = world.open();
  second.resume();
  await eventually(() => assert.equal(second.list()[0]?.state, 'finished'));
  assert.deepEqual(
    world.asked.filter((line) => line.startsWith('GET')),
    [`GET ${two} 10000`, `GET ${names[2]} 0`],
  );
  await assertWhole(world);
});

test('one file with a wrong hash leaves no model; the others need not come again', async () => {
  await using world = await splitWorld();
  const [, two = ''] = names;
  const downloads = world.open();
  await downloads.start({ url: `${world.url}/${two}`, sha256: '0'.repeat(64) });
  const failed = await ended(downloads);
  assert.deepEqual([failed?.state, failed?.problem], ['failed', 'llm.download_failed']);
  assert.deepEqual(await createModelFolder(world.modelsDir).list(), []);
  assert.ok(!existsSync(path.join(world.modelsDir, '.downloads', `${two}.part`)));
  world.asked.length = 0;
  const sha256 = createHash('sha256')
    .update(world.files.get(two) ?? '')
    .digest('hex');
  await downloads.start({ url: `${world.url}/${two}`, sha256 });
  assert.equal((await ended(downloads))?.state, 'finished');
  assert.ok(!world.asked.includes(`GET ${names[0]} 0`), world.asked.join(', '));
  await assertWhole(world);
});

test('a file that the server does not have is told before a byte of the others is taken', async () => {
  await using world = await splitWorld();
  world.files.delete(names[2] ?? '');
  const downloads = world.open();
  await assert.rejects(
    downloads.start({ url: `${world.url}/${names[0]}` }),
    (error) => isFault(error, 'llm.download_failed') && /big-00003-of-00003/.test(String(error.data.reason)),
  );
  assert.ok(
    world.asked.every((line) => line.startsWith('HEAD')),
    world.asked.join(', '),
  );
});

test('files that are here already, as from pulling them one by one, are not taken again', async () => {
  await using world = await splitWorld();
  const downloads = world.open();
  await downloads.start({ url: `${world.url}/${names[0]}` });
  await ended(downloads);
  rmSync(path.join(world.modelsDir, names[1] ?? ''));
  world.asked.length = 0;
  await downloads.start({ url: `${world.url}/${names[0]}` });
  assert.equal((await ended(downloads))?.state, 'finished');
  assert.deepEqual(
    world.asked.filter((line) => line.startsWith('GET')),
    [`GET ${names[1]} 0`],
  );
  await assertWhole(world);
});
