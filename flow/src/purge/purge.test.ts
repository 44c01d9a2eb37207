import assert from 'node:assert/strict';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import type { FlowConfigInput } from '../core/config.ts';
import { isFlowFault } from '../core/fault.ts';
import { deployStep } from '../deploy/deploy.ts';
import { startCloudflareServer } from '../testing/cloudflare-server.ts';
import { flowContext } from '../testing/context.ts';
import { temporaryFolder, writeRelease } from '../testing/release.ts';
import { addressesOf } from './addresses.ts';
import { purgeStep } from './purge.ts';

const ZONE = 'fedcba9876543210fedcba9876543210';

async function world(t: TestContext, cache: Record<string, unknown> = {}) {
  const root = await temporaryFolder(t);
  const server = await startCloudflareServer(t);
  const settings = {
    kind: 'cloudflare',
    zoneId: ZONE,
    apiUrl: server.url,
    retries: 2,
    timeoutMs: 500,
    ...cache,
  };
  const config: FlowConfigInput = {
    site: { url: 'https://example.org/base/' },
    deploy: { targets: [{ kind: 'local', path: 'www' }] },
    purge: { caches: [settings as never] },
  };
  const context = flowContext(root, config, {
    env: { CLOUDFLARE_API_TOKEN: 'token', PATH: process.env.PATH },
  });
  const deploy = async (id: string, files: Record<string, string>) => {
    await rm(context.releaseDir, { recursive: true, force: true });
    await writeRelease(context.releaseDir, { id, files });
    await deployStep.run(context);
  };
  return { root, server, config, context, deploy };
}

test('purges the addresses of what changed, in batches, and never hashed files', async (t) => {
  const { server, context, deploy } = await world(t, { batchSize: 4 });
  await deploy('r1', {
    'index.html': '1',
    'a.html': 'a',
    'app.h-000000000001.js': 'x',
    'docs/index.html': 'd',
  });
  await deploy('r2', {
    'index.html': '2',
    'a.html': 'a',
    'app.h-000000000002.js': 'x',
    'docs/index.html': 'e',
  });
  assert.equal((await purgeStep.run(context)).outcome, 'done');
  const files = server.purges.flatMap((purge) => (purge as { files: string[] }).files);
  assert.deepEqual(files, [
    'https://example.org/base/build.json',
    'https://example.org/base/docs/index.html',
    'https://example.org/base/docs/',
    'https://example.org/base/docs',
    'https://example.org/base/index.html',
    'https://example.org/base/',
    'https://example.org/base/release.json',
  ]);
  assert.deepEqual(
    server.purges.map((purge) => (purge as { files: string[] }).files.length),
    [4, 3],
  );
});

test('the first release purges every page', async (t) => {
  const { server, context, deploy } = await world(t);
  await deploy('r1', { 'index.html': '1', 'größe & 😀.html': 'a', 'app.h-000000000001.js': 'x' });
  await purgeStep.run(context);
  const files = server.purges.flatMap((purge) => (purge as { files: string[] }).files);
  assert.ok(files.includes('https://example.org/base/gr%C3%B6%C3%9Fe%20%26%20%F0%9F%98%80.html'));
  assert.ok(files.includes('https://example.org/base/gr%C3%B6%C3%9Fe%20%26%20%F0%9F%98%80'));
  assert.ok(!files.some((file) => file.includes('h-0000')));
});

test('purges by tags, prefixes and everything', async (t) => {
  for (const [mode, values, expected] of [
    ['tags', ['a', 'b'], { tags: ['a', 'b'] }],
    ['prefixes', ['example.org/docs'], { prefixes: ['example.org/docs'] }],
    ['everything', [], { purge_everything: true }],
  ] as const) {
    const { server, context, deploy } = await world(t, { mode, values: [...values] });
    await deploy('r1', { 'index.html': '1' });
    await purgeStep.run(context);
    assert.deepEqual(server.purges, [expected]);
  }
  const { context, deploy } = await world(t, { mode: 'tags' });
  await deploy('r1', { 'index.html': '1' });
  await assert.rejects(purgeStep.run(context), (error) => isFlowFault(error, 'purge.no_values'));
});

test('waits on 429 as told, repeats after a time-out, and gives up with the API’s own words', async (t) => {
  const { server, context, deploy } = await world(t);
  await deploy('r1', { 'index.html': '1' });
  server.fail = (_path, count) =>
    count === 1 ? { status: 429, headers: { 'retry-after': '0' } } : count === 2 ? 'hang' : undefined;
  assert.equal((await purgeStep.run(context)).outcome, 'done');
  server.fail = () => ({ status: 429, headers: { 'retry-after': '0' } });
  await assert.rejects(purgeStep.run(context), (error) => {
    return isFlowFault(error, 'cloudflare.refused') && /429, 10000 not now/.test(error.text.en);
  });
  server.fail = () => 'hang';
  await assert.rejects(purgeStep.run(context), (error) => isFlowFault(error, 'cloudflare.unreachable'));
});

test('a command gets the addresses in a file, and its failure is a failure', async (t) => {
  const { root, config, context, deploy } = await world(t);
  await deploy('r1', { 'index.html': '1' });
  const withCommand = (command: string[]) =>
    flowContext(
      root,
      { ...config, purge: { caches: [{ kind: 'command', command } as never] } },
      { env: context.env },
    );
  await purgeStep.run(withCommand(['sh', '-c', 'cp "$1" "purged $2.txt"', 'sh', '{urls-file}', '{release}']));
  assert.match(await readFile(path.join(root, 'purged r1.txt'), 'utf8'), /^https:\/\/example\.org\/base\/$/m);
  await assert.rejects(purgeStep.run(withCommand(['sh', '-c', 'echo no such zone >&2; exit 3'])), (error) => {
    return isFlowFault(error, 'purge.command_failed') && /exit code 3\): no such zone/.test(error.text.en);
  });
  await assert.rejects(purgeStep.run(withCommand(['no-such-program'])), (error) =>
    isFlowFault(error, 'purge.command_failed'),
  );
});

test('a missing token, a missing address and no caches are told apart', async (t) => {
  const { root, config, deploy } = await world(t);
  await deploy('r1', { 'index.html': '1' });
  await assert.rejects(purgeStep.run(flowContext(root, config)), (error) =>
    isFlowFault(error, 'deploy.secret_missing'),
  );
  const env = { CLOUDFLARE_API_TOKEN: 'token' };
  await assert.rejects(purgeStep.run(flowContext(root, { ...config, site: {} }, { env })), (error) =>
    isFlowFault(error, 'purge.no_url'),
  );
  assert.equal((await purgeStep.run(flowContext(root, {}))).outcome, 'skipped');
});

test('an index page is also its folder, any other page also its short address', () => {
  assert.deepEqual(addressesOf('https://a.b', ['x/myindex.html']), [
    'https://a.b/x/myindex.html',
    'https://a.b/x/myindex',
  ]);
});
