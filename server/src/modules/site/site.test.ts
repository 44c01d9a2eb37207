import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import fastify from 'fastify';
import { isFault } from '#base/fault.ts';
import { testWorld } from '#kernel/testing/world.ts';
import { auth } from '#modules/auth/module.ts';
import { ledger } from '#modules/ledger/module.ts';
import { projectsContract } from '#modules/projects/contract.ts';
import { projects } from '#modules/projects/module.ts';
import { sandboxContract } from '#modules/sandbox/contract.ts';
import { sandbox } from '#modules/sandbox/module.ts';
import { siteContract } from './contract.ts';
import type { SiteEvent } from './contract-shapes.ts';
import { site } from './module.ts';
import { createPreviewTokens, mountPreview } from './preview.ts';

async function siteWorld(t: TestContext, files: Readonly<Record<string, string>>, environment = {}) {
  const world = await testWorld([auth, ledger, projects, sandbox, site], { environment });
  t.after(() => world[Symbol.asyncDispose]());
  const owner = world.call();
  const { id: projectId } = await world
    .client(projectsContract)
    .call('project.create', { name: 'Site' }, owner);
  const workspace = path.join(world.dataDir, 'projects', projectId, 'workspace');
  const client = world.client(siteContract);
  const write = (name: string, content: string) => {
    mkdirSync(path.dirname(path.join(workspace, name)), { recursive: true });
    writeFileSync(path.join(workspace, name), content);
  };
  for (const [name, content] of Object.entries(files)) write(name, content);
  const run = async (method: 'site.build' | 'site.deploy', call = owner) => {
    const events: SiteEvent[] = [];
    const stream = client.stream(method, { projectId }, call);
    for (;;) {
      const { value, done } = await stream.next();
      if (done === true) return { report: value, events };
      events.push(value);
    }
  };
  const live = (file: string) => path.join(world.dataDir, 'site', projectId, 'live/current', file);
  return { world, owner, projectId, workspace, client, write, run, live };
}

test('builds step by step, deploys, compares and rolls back', async (t) => {
  const { client, projectId, owner, run, write, live } = await siteWorld(t, {
    'index.md': '# One\n\n[b](b.md)\n',
    'b.md': '# B\n',
    'style.css': 'a{}',
  });
  const built = await run('site.build');
  assert.deepEqual([built.report.outcome, built.report.faults], ['done', []]);
  assert.deepEqual(
    built.events.filter((event) => event.kind === 'started').map((event) => event.step),
    ['clean', 'build', 'hash', 'worker', 'metadata'],
  );
  assert.equal(existsSync(live('index.html')), false, 'a build touches nothing live');
  assert.equal((await run('site.deploy')).report.outcome, 'done');
  assert.match(readFileSync(live('index.html'), 'utf8'), /One/);
  write('index.md', '# Two\n');
  await run('site.build');
  await run('site.deploy');
  assert.match(readFileSync(live('index.html'), 'utf8'), /Two/);
  const state = await client.call('site.state', { projectId }, owner);
  assert.equal(state.releases.length, 2);
  assert.deepEqual(
    state.releases.map((one) => one.live),
    [true, false],
  );
  assert.deepEqual(
    state.history.map((one) => one.action),
    ['deploy', 'deploy'],
  );
  assert.equal(state.built?.id, state.releases[0]?.id);
  const diff = await client.call('site.diff', { projectId }, owner);
  assert.ok(diff.changes.some((change) => change.path === 'index.html' && change.kind === 'changed'));
  const before = state.releases[1]?.id ?? '';
  await client.call('site.rollback', { projectId, releaseId: before }, owner);
  assert.match(readFileSync(live('index.html'), 'utf8'), /One/);
  const after = await client.call('site.state', { projectId }, owner);
  assert.equal(after.history[0]?.action, 'rollback');
});

test('a site with a fault answers with place, reason and fix, and leaves what was built', async (t) => {
  const { client, projectId, owner, run, write } = await siteWorld(t, { 'index.md': '# One\n' });
  await run('site.build');
  write('index.md', '---\ntitle: x\nlayout: gone\n---\n');
  const { report } = await run('site.build');
  assert.equal(report.outcome, 'failed');
  assert.deepEqual(
    [report.faults[0]?.code, report.faults[0]?.file, report.faults[0]?.line],
    ['build.layout_missing', 'index.md', 3],
  );
  const state = await client.call('site.state', { projectId }, owner);
  assert.equal(state.report?.outcome, 'failed');
  assert.notEqual(state.built, null);
});

test('the settings of a project are read and never run, and reach nothing beyond it', async (t) => {
  const { world, run, write, live } = await siteWorld(t, { 'index.md': '# One\n' });
  const proof = path.join(world.dataDir, 'proof.txt');
  write(
    'flow.config.ts',
    `import { writeFileSync } from 'node:fs';\nwriteFileSync(${JSON.stringify(proof)}, 'x');\nexport default { site: { title: process.env.HOME } };\n`,
  );
  const refused = await run('site.build');
  assert.equal(refused.report.faults[0]?.code, 'flow.config_not_plain');
  assert.equal(existsSync(proof), false);
  const key = path.join(world.dataDir, 'master.key');
  const elsewhere = path.join(world.dataDir, 'elsewhere');
  write(
    'flow.config.ts',
    `const title = 'Plain';\nexport default {
      site: { title },
      metadata: { signature: { kind: 'ssh', keyFile: ${JSON.stringify(key)} } },
      deploy: { targets: [{ kind: 'local', path: ${JSON.stringify(elsewhere)} }] },
      purge: {},
    } satisfies object;\n`,
  );
  assert.equal((await run('site.build')).report.outcome, 'done');
  assert.equal((await run('site.deploy')).report.outcome, 'done');
  assert.equal(existsSync(elsewhere), false, 'a project does not choose where the server writes');
  assert.equal(existsSync(live('index.html')), true);
  write('flow.config.ts', "export default { build: { source: '../../..' } };\n");
  assert.equal((await run('site.build')).report.faults[0]?.code, 'build.source_invalid');
});

test('links and the work folder of a project do not come into the site', async (t) => {
  const { run, workspace, write, live } = await siteWorld(t, {
    'index.md': '# One\n',
    '.flow/deploys.jsonl': 'x',
    'secret.txt': 's',
  });
  symlinkSync('/etc/passwd', path.join(workspace, 'passwd.txt'));
  symlinkSync('/etc', path.join(workspace, 'etc'));
  write('a/b.txt', 'b');
  assert.equal((await run('site.build')).report.outcome, 'done');
  await run('site.deploy');
  assert.equal(existsSync(live('passwd.txt')), false);
  assert.equal(existsSync(live('etc')), false);
});

test('the project’s own build runs in the sandbox and nowhere else', async (t) => {
  const { world, owner, run, write, live } = await siteWorld(t, {
    'flow.config.ts': "export default { build: { command: 'sh make.sh', output: 'dist' } };\n",
    'make.sh':
      'mkdir -p dist && printf "<!doctype html><title>x</title>%s" "$(ls /proc | grep -c "^[0-9]")" > dist/index.html\n',
    'dist/stale.html': 'old',
  });
  const { engines } = await world.client(sandboxContract).call('sandbox.engines', {}, owner);
  if (!engines.some(({ engine, available }) => engine === 'run' && available)) {
    t.skip('no program can run in a sandbox on this machine');
    return;
  }
  const { report } = await run('site.build');
  assert.deepEqual(report.faults, []);
  await run('site.deploy');
  const processes = Number(/title>(\d+)/.exec(readFileSync(live('index.html'), 'utf8'))?.[1]);
  assert.ok(processes > 0 && processes < 12, `it saw ${processes} processes`);
  assert.equal(existsSync(live('stale.html')), false);
  write('make.sh', 'echo no such thing >&2; exit 4\n');
  const failed = await run('site.build');
  assert.equal(failed.report.faults[0]?.code, 'build.command_failed');
  assert.match(failed.report.faults[0]?.text.en ?? '', /no such thing/);
});

test('only members may look, only developers may build, and two builds at once are refused', async (t) => {
  const { world, client, projectId, owner, run } = await siteWorld(t, { 'index.md': '# One\n' });
  const stranger = world.call({ userId: 'stranger', role: 'developer' });
  for (const method of ['site.state', 'site.diff', 'site.preview'] as const)
    await assert.rejects(
      client.call(method, { projectId }, stranger),
      (error) => isFault(error, 'projects.unknown'),
      method,
    );
  await assert.rejects(run('site.build', stranger), (error) => isFault(error, 'projects.unknown'));
  await assert.rejects(run('site.deploy'), (error) => isFault(error, 'site.nothing_built'));
  const first = run('site.build');
  const second = run('site.build');
  const outcomes = await Promise.allSettled([first, second]);
  assert.deepEqual(outcomes.map((one) => one.status).sort(), ['fulfilled', 'rejected']);
  const refused = outcomes.find((one) => one.status === 'rejected');
  assert.ok(isFault(refused?.reason, 'site.busy'));
  await assert.rejects(client.call('site.rollback', { projectId, releaseId: 'no-such' }, owner), (error) =>
    isFault(error, 'site.flow_failed'),
  );
});

test('a preview has an origin of its own, an address that ends, and shows no other project', async () => {
  const key = Buffer.alloc(32, 7);
  let now = 1_000_000;
  const tokens = createPreviewTokens(key, () => now);
  const { path: address } = tokens.issue('11111111-1111-4111-8111-111111111111', 'built');
  const token = address.split('/')[2] ?? '';
  assert.deepEqual(tokens.read(token), { projectId: '11111111-1111-4111-8111-111111111111', which: 'built' });
  assert.equal(tokens.read(token.replace('11111111', '22222222')), null, 'the project is signed');
  assert.equal(tokens.read(token.replace('.built.', '.live.')), null);
  assert.equal(tokens.read(`${token}x`), null);
  assert.equal(createPreviewTokens(Buffer.alloc(32, 8), () => now).read(token), null);
  now += 3_600_001;
  assert.equal(tokens.read(token), null);
});

test('a preview is served in a sandbox, to any origin, without a way out of the release', async (t) => {
  const { world, client, projectId, owner, run } = await siteWorld(t, {
    'index.md': '# One\n',
    'a b.txt': 'x',
  });
  await assert.rejects(client.call('site.preview', { projectId }, owner), (error) =>
    isFault(error, 'site.nothing_built'),
  );
  await run('site.build');
  const { path: address } = await client.call('site.preview', { projectId }, owner);
  const app = fastify();
  t.after(() => app.close());
  mountPreview(app, {
    tokens: { issue: () => ({ path: '', expiresAt: '' }), read: () => ({ projectId, which: 'built' }) },
    dataDir: world.dataDir,
  });
  const look = async (file: string) => {
    const { statusCode, headers, body } = await app.inject({
      url: address + file,
      headers: { origin: 'null' },
    });
    return { statusCode, headers, body };
  };
  const home = await look('');
  assert.deepEqual([home.statusCode, /One/.test(home.body)], [200, true]);
  assert.match(String(home.headers['content-security-policy']), /^sandbox allow-scripts/);
  assert.doesNotMatch(String(home.headers['content-security-policy']), /allow-same-origin/);
  for (const file of ['../../report.json', '..%2f..%2freport.json', 'no-such', '_headers'])
    assert.equal((await look(file)).statusCode, 404, file);
});

test('addresses that begin at the root of the host lead to the site in a preview, not to the studio', async (t) => {
  const { world, client, projectId, owner, run } = await siteWorld(t, {
    'index.html':
      '<!doctype html><title>Ä</title><link rel="stylesheet" href="/assets/x.css"><a href="/two/">2</a><script>fetch("/api")</script>',
    'two/index.html': '<!doctype html><title>2</title><img src="/assets/p.png" alt="">',
    'assets/x.css': 'body { background: url(/assets/p.png) }',
    'assets/p.png': 'x',
  });
  await run('site.build');
  await client.call('site.preview', { projectId }, owner);
  const app = fastify();
  t.after(() => app.close());
  const tokens = createPreviewTokens(Buffer.alloc(32, 1), () => 0);
  mountPreview(app, { tokens, dataDir: world.dataDir });
  const { path: address } = tokens.issue(projectId, 'built');
  const look = (url: string) => app.inject({ url });
  const home = (await look(address)).body;
  const sheet = /href="([^"]+\.css)"/.exec(home)?.[1] ?? '';
  assert.ok(sheet.startsWith(`${address}assets/x.h-`), sheet);
  assert.ok(home.includes(`href="${address}two/"`));
  assert.ok(home.includes('fetch("/api")'), 'what a script puts together is not touched');
  const picture = /url\(([^)]+)\)/.exec((await look(sheet)).body)?.[1] ?? '';
  assert.ok(picture.startsWith(`${address}assets/p.h-`), picture);
  assert.equal((await look(picture)).statusCode, 200);
  assert.equal((await look(`${address}two/`)).statusCode, 200);
});

test('a project that is too large for a site says so', async (t) => {
  const { run } = await siteWorld(
    t,
    { 'index.md': '# One\n', 'b.md': 'b', 'c.md': 'c' },
    { CDS_SITE_MOST_FILES: '2' },
  );
  await assert.rejects(run('site.build'), (error) => isFault(error, 'site.too_large'));
});
