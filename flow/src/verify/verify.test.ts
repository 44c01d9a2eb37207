import assert from 'node:assert/strict';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import type { FlowConfigInput } from '../core/config.ts';
import { FlowFault, isFlowFault } from '../core/fault.ts';
import { deployStep } from '../deploy/deploy.ts';
import { renderNginx } from '../headers/server-files.ts';
import { flowContext } from '../testing/context.ts';
import { startEdge } from '../testing/edge-server.ts';
import { temporaryFolder, writeRelease } from '../testing/release.ts';
import { freePort, hasProgram, startNginx } from '../testing/servers.ts';
import { verifyStep } from './verify.ts';

const FILES = {
  'index.html': '<h1>1</h1>',
  'docs/index.html': 'd',
  'größe & 😀.html': 'n',
  'app.h-000000000001.js': 'x',
  'sw.js': '// v1',
  _headers: 'private',
};

async function world(t: TestContext, verify: NonNullable<FlowConfigInput['verify']> = {}) {
  const root = await temporaryFolder(t);
  const edges = await Promise.all([1, 2, 3].map(() => startEdge(t, path.join(root, 'www/current'))));
  const config: FlowConfigInput = {
    site: { url: 'http://site.example' },
    deploy: { targets: [{ kind: 'local', path: 'www' }] },
    verify: { edges: edges.map((edge) => edge.address), waitSeconds: 0, ...verify },
  };
  const context = flowContext(root, config);
  const deploy = async (id: string, files: Record<string, string>) => {
    await rm(context.releaseDir, { recursive: true, force: true });
    await writeRelease(context.releaseDir, { id, files });
    await deployStep.run(context);
  };
  await deploy('r1', FILES);
  return { root, edges, config, context, deploy };
}

async function faultsOf(run: Promise<unknown>): Promise<{ code: string; more: string[] }> {
  try {
    await run;
  } catch (error) {
    if (error instanceof FlowFault) return { code: error.code, more: error.more.map((one) => one.code) };
    throw error;
  }
  return { code: 'none', more: [] };
}

test('is done when every edge serves every byte, and asks each for every file', async (t) => {
  const { context, edges } = await world(t);
  const result = await verifyStep.run(context);
  assert.equal(result.outcome, 'done');
  for (const edge of edges) {
    const asked = new Set(edge.requests);
    for (const name of Object.keys(FILES).filter((one) => one !== '_headers'))
      assert.ok(asked.has(name), name);
    assert.ok(asked.has('release.json') && asked.has('SHA256SUMS'));
  }
});

test('one stale edge of three is named', async (t) => {
  const { context, edges, deploy, root } = await world(t);
  const [, second] = edges;
  await cp(path.join(root, 'www/current/'), path.join(root, 'stale'), { recursive: true });
  if (second) second.folder = path.join(root, 'stale');
  await deploy('r2', { ...FILES, 'index.html': '<h1>2</h1>' });
  await assert.rejects(verifyStep.run(context), (error) => {
    assert.ok(isFlowFault(error, 'verify.failed'));
    assert.match(error.text.en, new RegExp(`1 fault\\(s\\) on ${second?.address}`));
    assert.deepEqual(
      error.more.map((one) => one.code),
      ['verify.stale'],
    );
    assert.match(error.more[0]?.text.en ?? '', /serves r1, not r2/);
    return true;
  });
});

test('waits for an edge that takes its time', async (t) => {
  const { context, edges, deploy, root } = await world(t, { waitSeconds: 60 });
  const [first] = edges;
  await cp(path.join(root, 'www/current/'), path.join(root, 'stale'), { recursive: true });
  if (first) first.folder = path.join(root, 'stale');
  await deploy('r2', { ...FILES, 'index.html': '<h1>2</h1>' });
  setTimeout(() => {
    if (first) first.folder = path.join(root, 'www/current');
  }, 500);
  assert.equal((await verifyStep.run(context)).outcome, 'done');
});

test('changed bytes behind the right label, errors, dead edges and wrong headers are faults, never success', async (t) => {
  const { context, edges, config, root } = await world(t);
  const [first, second, third] = edges;
  await cp(path.join(root, 'www/current/'), path.join(root, 'other'), { recursive: true });
  await writeFile(path.join(root, 'other/sw.js'), '// v0');
  if (first) first.folder = path.join(root, 'other');
  if (second) second.broken = (name) => name === 'docs/index.html';
  assert.deepEqual(await faultsOf(verifyStep.run(context)), {
    code: 'verify.failed',
    more: ['verify.hash', 'verify.status'],
  });

  const dead = `127.0.0.1:${await freePort()}`;
  const withDead = flowContext(root, {
    ...config,
    verify: { ...config.verify, edges: [third?.address ?? '', dead] },
  });
  assert.deepEqual(await faultsOf(verifyStep.run(withDead)), {
    code: 'verify.failed',
    more: ['verify.unreachable'],
  });

  await rm(path.join(root, 'other/docs'), { recursive: true });
  await writeFile(path.join(root, 'other/sw.js'), FILES['sw.js']);
  const gone = flowContext(root, { ...config, verify: { ...config.verify, edges: [first?.address ?? ''] } });
  assert.deepEqual(await faultsOf(verifyStep.run(gone)), { code: 'verify.failed', more: ['verify.status'] });
});

test('goes back by itself when asked, and says so', async (t) => {
  const { context, edges, deploy, root } = await world(t, { rollback: true });
  await deploy('r2', { ...FILES, 'index.html': '<h1>2</h1>' });
  const [first] = edges;
  if (first) first.broken = (name) => name === 'index.html';
  assert.equal((await faultsOf(verifyStep.run(context))).code, 'verify.failed_rolled_back');
  assert.equal(await readFile(path.join(root, 'www/current/index.html'), 'utf8'), FILES['index.html']);
  assert.equal(
    (await faultsOf(verifyStep.run(context))).code,
    'verify.rollback_failed',
    'never goes back twice',
  );
});

test('without an address nothing counts as verified; a dry run only plans', async (t) => {
  const { root, config } = await world(t);
  const { site: _, ...rest } = config;
  assert.equal((await faultsOf(verifyStep.run(flowContext(root, rest)))).code, 'verify.no_url');
  const unknown = flowContext(root, { ...rest, site: { url: 'http://nothing.invalid/' }, verify: {} });
  assert.equal((await faultsOf(verifyStep.run(unknown))).code, 'verify.unresolved');
  assert.equal((await verifyStep.run(flowContext(root, config, { dryRun: true }))).outcome, 'planned');
});

test('a site behind a real nginx with our rules verifies, with default rules it does not', {
  skip: hasProgram('nginx') ? false : 'nginx is missing: apt-get install nginx',
}, async (t) => {
  const { root, context, config } = await world(t);
  const input = { files: [], config: context.config.headers, apiPaths: [] };
  const ours = await startNginx(t, root, (listen) =>
    renderNginx(input, { root: path.join(root, 'www/current'), listen }),
  );
  const check = (url: string) =>
    verifyStep.run(flowContext(root, { ...config, site: {}, verify: { url, waitSeconds: 0 } }));
  assert.equal((await check(ours)).outcome, 'done');
  const other = await temporaryFolder(t);
  const plain = await startNginx(
    t,
    other,
    (listen) => `server { listen ${listen}; root ${root}/www/current; }`,
  );
  const { code, more } = await faultsOf(check(plain));
  assert.equal(code, 'verify.failed');
  assert.ok(more.includes('verify.headers.cached') && more.includes('verify.headers.not_immutable'));
});
