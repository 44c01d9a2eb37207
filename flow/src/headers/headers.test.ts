import assert from 'node:assert/strict';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { readLocalRelease } from '../deploy/release.ts';
import { createLocalTarget } from '../deploy/targets/local.ts';
import { targetDependencies, temporaryFolder, writeRelease } from '../testing/release.ts';
import { hasProgram, startCaddy, startNginx } from '../testing/servers.ts';
import {
  encodePath,
  renderCloudflareHeaders,
  renderNetlifyHeaders,
  renderSharedHeaders,
} from './host-files.ts';
import { judgeHeaders } from './judge.ts';
import type { HeaderInput } from './policy.ts';
import { renderCaddy, renderNginx, type ServerSite } from './server-files.ts';

const FILES = {
  'index.html': '<h1>eins</h1>',
  '404.html': 'not here',
  'docs/index.html': 'docs',
  'app.h-012345678900.js': 'one',
  'fonts/a.h-abcdefabcdef.woff2': 'f',
  'keep/library.h-abcdefabcdef.js': 'a name that only looks hashed',
  'robots.txt': 'User-agent: *',
  'größe & maß 😀.html': 'names',
  'sw.js': '//',
  _headers: 'x',
};
const CONFIG = { write: [], security: true, extra: { 'X-Note': 'a "b" \\ $c' } } as const;

async function site(t: TestContext) {
  const root = await temporaryFolder(t);
  const target = createLocalTarget(
    { kind: 'local', name: undefined, environments: ['prod'], path: 'www' },
    targetDependencies(root),
  );
  const deploy = async (id: string, files: Record<string, string>) => {
    const dir = path.join(root, id);
    await writeRelease(dir, { id, files });
    const release = await readLocalRelease(dir);
    await target.deploy(release);
    return release.manifest;
  };
  const manifest = await deploy('r1', FILES);
  const input: HeaderInput = { files: manifest.files, config: CONFIG, apiPaths: ['/api/'] };
  return { root, target, deploy, manifest, input, current: path.join(root, 'www/current') };
}

const SERVERS = [
  { name: 'nginx', start: startNginx, render: renderNginx },
  { name: 'caddy', start: startCaddy, render: renderCaddy },
];

for (const { name, start, render } of SERVERS) {
  const skip = hasProgram(name) ? false : `${name} is missing: apt-get install ${name}`;
  const serve = async (t: TestContext) => {
    const world = await site(t);
    const block = (listen: string): ServerSite => ({ root: world.current, listen });
    const url = await start(t, world.root, (listen) => render(world.input, block(listen)));
    return { ...world, url };
  };

  test(`${name}: every file of a release passes the judge`, { skip }, async (t) => {
    const { url, manifest } = await serve(t);
    for (const file of manifest.files.filter((one) => one.role !== 'config')) {
      const response = await fetch(`${url}/${encodePath(file.path)}`);
      await response.arrayBuffer();
      assert.equal(response.status, 200, file.path);
      const problems = judgeHeaders(file, Object.fromEntries(response.headers), { security: true });
      assert.deepEqual(problems, [], file.path);
      assert.equal(response.headers.get('x-note'), 'a "b" \\ $c', file.path);
    }
  });

  test(`${name}: missing files, private files and the API are never kept`, { skip }, async (t) => {
    const { url } = await serve(t);
    for (const [file, cache] of [
      ['nothing.h-012345678900.js', 'not immutable'],
      ['_headers', 'not immutable'],
      ['api/users', 'no-store'],
      ['nothing', 'not immutable'],
    ] as const) {
      const response = await fetch(`${url}/${file}`);
      await response.arrayBuffer();
      assert.equal(response.status, 404, file);
      const shown = response.headers.get('cache-control') ?? '';
      if (cache === 'no-store') assert.equal(shown, 'no-store');
      else assert.doesNotMatch(shown, /immutable|max-age=[1-9]/, file);
    }
  });

  test(`${name}: a changed page of equal length is not answered with 304`, { skip }, async (t) => {
    const { url, deploy } = await serve(t);
    const first = await fetch(`${url}/`);
    await first.text();
    const etag = first.headers.get('etag') ?? '';
    const since = first.headers.get('last-modified');
    const condition = { 'If-None-Match': etag, ...(since ? { 'If-Modified-Since': since } : {}) };
    const same = await fetch(`${url}/`, { headers: condition });
    assert.equal(same.status, 304);
    await deploy('r2', { ...FILES, 'index.html': '<h1>zwei</h1>' });
    const changed = await fetch(`${url}/`, { headers: condition });
    assert.equal(changed.status, 200);
    assert.equal(await changed.text(), '<h1>zwei</h1>');
    if (since) {
      const bySince = await fetch(`${url}/`, { headers: { 'If-Modified-Since': since } });
      assert.equal(await bySince.text(), '<h1>zwei</h1>');
    }
  });

  test(`${name}: switching releases under load fails no request and mixes none`, { skip }, async (t) => {
    const { url, deploy, target } = await serve(t);
    let running = true;
    let requests = 0;
    const failures: string[] = [];
    const visit = async () => {
      while (running) {
        const response = await fetch(`${url}/`).catch((error: unknown) => String(error));
        requests += 1;
        if (typeof response === 'string') {
          failures.push(response);
          continue;
        }
        const page = await response.text();
        const digit = /^page (\d) app\.h-00000000000(\d)\.js$/.exec(page);
        const isFirst = page === '<h1>eins</h1>';
        if (response.status !== 200 || (!isFirst && digit?.[1] !== digit?.[2]))
          failures.push(`${response.status} ${page}`);
        if (digit) {
          const asset = await fetch(`${url}/app.h-00000000000${digit[2]}.js`);
          if ((await asset.text()) !== `asset ${digit[2]}`) failures.push(`asset ${asset.status}`);
        }
      }
    };
    const visitors = [visit(), visit(), visit(), visit()];
    for (const digit of [1, 2, 3, 4, 5]) {
      await deploy(`r${digit}x`, {
        'index.html': `page ${digit} app.h-00000000000${digit}.js`,
        [`app.h-00000000000${digit}.js`]: `asset ${digit}`,
      });
    }
    await target.rollback('r4x');
    running = false;
    await Promise.all(visitors);
    assert.deepEqual(failures, []);
    assert.ok(requests > 50, `only ${requests} requests`);
  });
}

test('Cloudflare: general rule first, each specific one detaches it, and the limit of 100 rules holds', () => {
  const file = (name: string, role: 'hashed' | 'html') => ({
    path: name,
    role,
    sha256: '',
    sizeBytes: 1,
    mime: '',
  });
  const files = [
    file('index.html', 'html'),
    file('assets/js/a.h-012345678900.js', 'hashed'),
    file('assets/b.h-012345678900.css', 'hashed'),
    ...Array.from({ length: 150 }, (_, index) =>
      file(`p${String(index).padStart(3, '0')}.h-012345678900.js`, 'hashed' as const),
    ),
    file('ein ümlaut*.h-012345678900.png', 'hashed'),
  ];
  const input: HeaderInput = { files, config: { ...CONFIG, extra: {} }, apiPaths: ['/api/'] };
  const { text, uncovered } = renderCloudflareHeaders(input);
  assert.ok(text.startsWith('/*\n  Referrer-Policy: strict-origin-when-cross-origin\n'));
  assert.match(
    text,
    /^\/assets\/\*\n {2}! Cache-Control\n {2}Cache-Control: public, max-age=31536000, immutable$/m,
  );
  assert.match(text, /^\/api\/\*\n {2}! Cache-Control\n {2}Cache-Control: no-store$/m);
  assert.equal((text.match(/^\//gm) ?? []).length, 100);
  assert.equal(uncovered.length, 151 - 97);
  const netlify = renderNetlifyHeaders(input);
  assert.match(netlify.text, /^\/ein%20%C3%BCmlaut%2A\.h-012345678900\.png$/m);
  assert.deepEqual(netlify.uncovered, []);
  assert.doesNotMatch(netlify.text, /!/);
  const shared = renderSharedHeaders(input);
  assert.doesNotMatch(shared.text, /!/, 'a line that only one of the two hosts knows');
  assert.ok((shared.text.match(/^\//gm) ?? []).length <= 100);
  assert.ok(shared.uncovered.length > 0);
});

test('the judge reads meaning, not wording', () => {
  const page = { path: 'index.html', role: 'html', mime: 'text/html; charset=utf-8' } as const;
  const rules = (headers: Record<string, string>) =>
    judgeHeaders(
      page,
      { 'content-type': 'text/html;charset="UTF-8"', etag: '"x"', ...headers },
      { security: false },
    ).map((problem) => problem.rule);
  assert.deepEqual(rules({ 'cache-control': 'max-age=0, must-revalidate, public' }), []);
  assert.deepEqual(rules({ 'cache-control': 'No-Cache' }), []);
  assert.deepEqual(rules({}), ['headers.cached']);
  assert.deepEqual(rules({ 'cache-control': 'max-age=600' }), ['headers.cached']);
  assert.deepEqual(rules({ 'cache-control': 'max-age=0, s-maxage=60' }), ['headers.cached']);
  assert.deepEqual(rules({ 'cache-control': 'no-cache', 'content-type': 'text/html; charset=iso-8859-1' }), [
    'headers.charset',
  ]);
  assert.deepEqual(rules({ 'cache-control': 'no-cache', 'content-type': 'text/plain' }), [
    'headers.content_type',
  ]);
  const asset = {
    path: 'a.h-012345678900.js',
    role: 'hashed',
    mime: 'text/javascript; charset=utf-8',
  } as const;
  const assetRules = (cache: string) =>
    judgeHeaders(
      asset,
      { 'content-type': 'application/javascript', 'cache-control': cache },
      { security: false },
    ).length;
  assert.equal(assetRules('public, max-age=31536000, immutable'), 0);
  assert.equal(assetRules('private, max-age=31536000, immutable'), 1);
  assert.equal(assetRules('public, max-age=31536000'), 1);
});
