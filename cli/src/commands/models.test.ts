import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { writeChatMachine } from '@cyberdevstudio/server/modules/llm/testing/chat-machine.ts';
import { llmWorld } from '@cyberdevstudio/server/modules/llm/testing/llm-world.ts';
import { main } from '../main.ts';
import type { Terminal } from '../terminal.ts';

interface Shell extends AsyncDisposable {
  readonly dataDir: string;
  /** Address of a web server that has model.gguf, and knows ranges. */
  readonly url: string;
  run(...argv: string[]): Promise<{ readonly code: number; readonly text: string }>;
}

async function shell(environment: Record<string, string> = {}): Promise<Shell> {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'cds-cli-models-'));
  const original = path.join(dataDir, 'original');
  writeChatMachine(original);
  const bytes = readFileSync(original);
  const server = createServer((request, response) => {
    if (request.url !== '/model.gguf') {
      response.writeHead(404).end();
      return;
    }
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    response.writeHead(from > 0 ? 206 : 200, { etag: '"1"', 'content-length': bytes.length - from });
    response.end(bytes.subarray(from));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    dataDir,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async run(...argv) {
      const lines: string[] = [];
      const terminal: Terminal = {
        environment: { CDS_DATA_DIR: dataDir, ...environment },
        language: 'en',
        print: (text) => lines.push(text),
        printError: (text) => lines.push(text),
      };
      const code = await main(['models', ...argv], terminal);
      return { code, text: lines.join('\n') };
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

test('without a server: a model is pulled from an address, listed and deleted', async () => {
  await using cds = await shell();
  assert.match((await cds.run('list')).text, /No models yet/);
  const pulled = await cds.run('pull', `${cds.url}/model.gguf`);
  assert.equal(pulled.code, 0, pulled.text);
  assert.match(pulled.text, /model is here/);
  const { text } = await cds.run('list');
  assert.match(text, /^model\s+0\.6 MB\s+–\s+4096\s+available\s+apache-2\.0$/m);
  assert.equal(JSON.parse((await cds.run('list', '--json')).text)[0].id, 'model');
  assert.equal((await cds.run('rm', 'model')).code, 0);
  assert.ok(!existsSync(path.join(cds.dataDir, 'models', 'model.gguf')));
});

test('failures are told with a reason and a hint, and leave nothing behind', async () => {
  await using cds = await shell();
  const missing = await cds.run('pull', `${cds.url}/other.gguf`);
  assert.equal(missing.code, 1);
  assert.match(missing.text, /status 404.*\[llm\.download_failed\]/);
  const wrong = await cds.run('pull', `${cds.url}/model.gguf`, '--sha256', '0'.repeat(64));
  assert.match(wrong.text, /another hash.*\[llm\.download_failed\]/);
  assert.match((await cds.run('rm', 'none')).text, /\[llm\.model_not_found\]/);
  assert.match((await cds.run('load', 'model')).text, /CDS_API_KEY/);
  for (const argv of [[], ['list', 'x'], ['pull'], ['load', 'a', 'b'], ['fly'], ['list', '--none']]) {
    assert.equal((await cds.run(...argv)).code, 2, argv.join(' '));
  }
});

test('with a running server: pull, load, list, unload and rm go through it', async () => {
  await using llm = await llmWorld();
  const apiKey = await llm.apiKey(llm.admin);
  await using cds = await shell({ CDS_URL: llm.world.url, CDS_API_KEY: apiKey });
  mkdirSync(llm.modelsDir, { recursive: true });
  const pulled = await cds.run('pull', `${cds.url}/model.gguf`);
  assert.equal(pulled.code, 0, pulled.text);
  const loaded = await cds.run('load', 'model', '--context', '256', '--pin', '--weight', '2');
  assert.match(loaded.text, /model is loaded/, loaded.text);
  assert.match((await cds.run('list')).text, /^model .* loaded /m);
  const { body } = await llm.request('GET /admin/models');
  assert.equal(body.models[0].prices.tokenWeight, '2');
  assert.equal((await cds.run('unload', 'model')).code, 0);
  assert.match((await cds.run('list')).text, /^model .* available /m);
  assert.equal((await cds.run('rm', 'model')).code, 0);
  const none = await cds.run('load', 'model');
  assert.match(none.text, /\[llm\.model_not_found\]/);
});

test('a server that does not answer, and a key that it does not know, are told', async () => {
  await using cds = await shell({ CDS_URL: 'http://127.0.0.1:9', CDS_API_KEY: 'x' });
  assert.match((await cds.run('list')).text, /\[common\.unavailable\]/);
});
