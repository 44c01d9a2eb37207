// The samples are damaged on purpose, and the keys open nothing: cds-ignore-file encoding,secrets
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import type { FlowConfigInput } from '../core/config.ts';
import { isFlowFault } from '../core/fault.ts';
import { flowContext } from '../testing/context.ts';
import { startHttpServer } from '../testing/http-server.ts';
import { temporaryFolder } from '../testing/release.ts';
import { formatPlain } from './output/plain.ts';
import { formatSarif } from './output/sarif.ts';
import { type ChecksRequest, checkNames, runChecks } from './run.ts';

const HEAD = '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>t</title></head><body>';

async function check(
  t: TestContext,
  files: Record<string, string | Buffer>,
  request: Partial<ChecksRequest> & { config?: FlowConfigInput } = {},
) {
  const root = await temporaryFolder(t);
  for (const [name, content] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(root, name)), { recursive: true });
    await writeFile(path.join(root, name), content);
  }
  const { config, ...rest } = request;
  const result = await runChecks(flowContext(root, config ?? {}), { checks: checkNames, ...rest });
  return { root, ...result, places: result.findings.map((one) => `${one.rule} ${one.file}:${one.line}`) };
}

test('a clean folder has no findings', async (t) => {
  const { findings, checkedFiles } = await check(t, {
    'index.html': `${HEAD}<h1 id="top-of">x</h1><a href="#top-of">up</a> <a href="docs/">d</a> <img src="a%20b.svg" alt="" width="1" height="1"></body></html>`,
    'docs/index.html': `${HEAD}<a href="/index.html#top-of">home</a><a href="mailto:a@b.c">m</a></body></html>`,
    'a b.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>',
    'README.md':
      '# Title\n\n## Größe & Maß\n\n[there](#größe--maß), [docs](docs/index.html), [folder](docs/) [files](img)\n',
    'img/x.txt': '',
  });
  assert.deepEqual(findings, []);
  assert.equal(checkedFiles, 5);
});

test('links: missing files, wrong case, missing anchors, in HTML, srcset and Markdown, with line and column', async (t) => {
  const { places, findings } = await check(
    t,
    {
      'index.html': `${HEAD}\n<a href="gone.html">a</a>\n<a href="Other.html">b</a> <a href="other.html#nowhere">c</a>\n<img srcset="x.png 1x, x,y.png 2x" alt="">\n<svg><use xlink:href="icons.svg#a"/></svg></body></html>`,
      'other.html': `${HEAD}<a name="old">x</a></body></html>`,
      'x.png': '',
      'guide.md':
        'text\n[a](gone.md)\nand [b](#nothing) [c](other#old) ![i](pic.png)\n\n<a href="away.html">w</a>\n',
      'sub/deep.md': '[up](../guide) [root](/other.html) [tpl]({{ url }})\n',
    },
    { checks: ['links'] },
  );
  assert.deepEqual(
    new Set(places),
    new Set([
      'links.missing guide.md:2',
      'links.anchor guide.md:3',
      'links.missing guide.md:3',
      'links.missing guide.md:5',
      'links.missing index.html:2',
      'links.case index.html:3',
      'links.anchor index.html:3',
      'links.missing index.html:4',
      'links.missing index.html:5',
    ]),
  );
  assert.deepEqual(
    findings.filter((one) => one.rule === 'links.case').map((one) => one.column),
    [4],
  );
});

test('links: the site’s own address counts as internal, with the folder it lives in', async (t) => {
  const config: FlowConfigInput = {
    site: { url: 'https://name.github.io/repo/' },
    build: { source: 'site' },
  };
  const { places } = await check(
    t,
    {
      'site/index.html': `${HEAD}<a href="https://name.github.io/repo/a.html">a</a><a href="/repo/b.html">b</a><a href="/api/x">api</a></body></html>`,
      'site/a.html': `${HEAD}</body></html>`,
    },
    { checks: ['links'], config },
  );
  assert.deepEqual(places, ['links.missing site/index.html:1']);
});

test('links: in a package of a repository, / is the package and its public folder', async (t) => {
  const page = `${HEAD}<img src="/icon.svg" alt=""><script src="/src/main.js"></script><a href="/no">n</a></body></html>`;
  const files = { 'web/index.html': page, 'web/public/icon.svg': '', 'web/src/main.js': '' };
  const { places } = await check(t, { ...files, 'web/package.json': '{}' }, { checks: ['links'] });
  assert.deepEqual(places, ['links.missing web/index.html:1']);
  assert.equal((await check(t, files, { checks: ['links'] })).places.length, 3, 'a release has one root');
});

test('links: other servers are asked only when told, and forbidding robots is no finding', async (t) => {
  let requests = 0;
  const url = await startHttpServer(t, (request, response) => {
    requests += 1;
    const status = {
      '/ok': 200,
      '/gone': 404,
      '/forbidden': 403,
      '/head': request.method === 'HEAD' ? 500 : 200,
    }[request.url ?? ''];
    response.writeHead(status ?? 302, { location: '/ok' }).end();
  });
  const files = {
    'a.md': ['ok', 'gone', 'forbidden', 'head', 'moved'].map((name) => `[x](${url}/${name})\n`).join(''),
  };
  assert.deepEqual((await check(t, files, { checks: ['links'] })).places, []);
  assert.equal(requests, 0);
  const asked = await check(t, files, { checks: ['links'], externalLinks: true });
  assert.deepEqual(asked.places, ['links.external a.md:2']);
});

test('html: parse errors and what visitors notice', async (t) => {
  const { findings } = await check(
    t,
    {
      'bad.html':
        '<html><head></head><body>\n<div id="a" id="b"></div><p id="a">\n<img src="x"><center>c</center>\n<label for="nope">l</label><a href="#"></a>\n<button><a href="#">n</a></button></body></html>',
      'partial.html': '<nav><a href="#">x</a></nav>',
    },
    { checks: ['html'] },
  );
  const rules = new Set(findings.map((one) => `${one.rule}:${one.line}`));
  for (const rule of [
    'html.parse:1',
    'html.lang:1',
    'html.title:1',
    'html.charset:1',
    'html.parse:2',
    'html.duplicate_id:2',
    'html.alt:3',
    'html.obsolete:3',
    'html.unknown_id:4',
    'html.nameless:4',
    'html.nested_interactive:5',
  ]) {
    assert.ok(rules.has(rule), `${rule} of ${[...rules].join(' ')}`);
  }
  assert.ok(
    findings.every((one) => one.file === 'bad.html'),
    'a partial is no page',
  );
});

test('html: a page nested 20,000 deep is no danger', async (t) => {
  const { findings } = await check(
    t,
    { 'deep.html': HEAD + '<div>'.repeat(20_000) },
    { checks: ['html', 'links'] },
  );
  assert.deepEqual(findings, []);
});

test('markdown: what changes what readers get', async (t) => {
  const { places } = await check(
    t,
    {
      'a.md':
        '---\ntitle: x\n---\n# One\n### Jump\n##No space\n\n(text)[http://x.y]\n\n[ref][missing] [ref][there] `[x][y]`\n\n[there]: http://x.y\n\n![](i.png) [](u) [t]()\n\n| a | b |\n|---|---|\n| 1 | 2 | 3 |\n\n# Two\n\n```\nno language, never closed\n',
      'b.md': '---\ntitle: never closed\n\n# x\n',
      'c.md':
        '# Fine\n\n#tag and #1 are words\n\n1. [ ] task [^1]\n\n[^1]: note\n\n```js\n[x][y]\n##z\n```\n',
    },
    { checks: ['markdown'] },
  );
  assert.deepEqual(places, [
    'markdown.heading_increment a.md:5',
    'markdown.heading_space a.md:6',
    'markdown.reversed_link a.md:8',
    'markdown.undefined_reference a.md:10',
    'markdown.empty_link a.md:14',
    'markdown.image_alt a.md:14',
    'markdown.nameless_link a.md:14',
    'markdown.table_columns a.md:18',
    'markdown.single_title a.md:20',
    'markdown.unclosed_fence a.md:22',
    'markdown.front_matter b.md:1',
  ]);
});

test('secrets: found, never shown; examples and code are left alone', async (t) => {
  const github = `ghp_${'a1B2c3D4e5F6g7H8i9J0'.repeat(2)}`;
  const { findings, places } = await check(
    t,
    {
      'a.js': `const t = '${github}';\nconst password = "q8Zk2Lw9Xr4Tb7Vn1Ms5";\nconst token = readToken(process.env.TOKEN_NAME_12345);\n`,
      '.env': 'DB_PASSWORD=q8Zk2Lw9Xr4Tb7Vn1Ms5\nAPI_KEY=your-key-here-123456\n',
      'doc.md':
        'aws AKIAIOSFODNN7EXAMPLE, `password: "changeme-changeme-1"`\n<!-- cds-ignore secrets -->\nhttps://user:q8Zk2Lw9@host/x\n',
      'b.txt': 'https://user:q8Zk2Lw9@host/x',
      'c.txt': 'https://user:password@host/x https://user:secret@host',
      'key.pem': `-----BEGIN ${'PRIVATE'} KEY-----\n${'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC'.repeat(3)}\n`,
    },
    { checks: ['secrets'] },
  );
  assert.deepEqual(places, [
    'secrets.found .env:1',
    'secrets.found a.js:1',
    'secrets.found a.js:2',
    'secrets.found b.txt:1',
    'secrets.found key.pem:1',
  ]);
  assert.doesNotMatch(JSON.stringify(findings), /q8Zk2Lw9X|a1B2c3D4e5/);
});

test('images: weight, size, names that lie, and pages that jump', async (t) => {
  const png = Buffer.alloc(700_000);
  png.write('\x89PNG\r\n\x1a\n', 'latin1');
  png.writeUInt32BE(5000, 16);
  png.writeUInt32BE(10, 20);
  const jpeg = Buffer.from('ffd8ffe000044a46ffc0000b08000a0014010111', 'hex');
  const { places } = await check(
    t,
    { 'big.png': png, 'lie.png': jpeg, 'cut.jpg': jpeg.subarray(0, 5), 'a.html': '<img src="x" alt="">' },
    { checks: ['images'] },
  );
  assert.deepEqual(places, [
    'images.no_dimensions a.html:1',
    'images.heavy big.png:1',
    'images.oversized big.png:1',
    'images.wrong_extension lie.png:1',
  ]);
});

test('headers: rules that keep pages, lines that are none, and the host’s limits', async (t) => {
  const many = Array.from({ length: 101 }, (_, index) => `/p${index}\n  A: b\n`).join('');
  const { places } = await check(
    t,
    {
      'public/_headers':
        '# comment\n/*\n  Cache-Control: max-age=600\n  nonsense\n/app/*\n  Cache-Control: public, max-age=31536000, immutable\n/x.html\n  ! Cache-Control\n  Cache-Control: no-cache\n',
      _headers: `  A: b\nnopath\n${many}`,
    },
    { checks: ['headers'] },
  );
  assert.deepEqual(places, [
    'headers.form _headers:1',
    'headers.rules _headers:1',
    'headers.pattern _headers:2',
    'headers.cached_pages public/_headers:3',
    'headers.form public/_headers:4',
  ]);
});

test('the tree: links out of it are never followed, names that collide are told', async (t) => {
  const { root } = await check(t, {
    'ReadMe.txt': 'a',
    'readme.txt': 'b',
    'gro\u0308ße.txt': 'c',
    'gr\u00f6ße.txt': 'd',
  });
  await symlink('/etc/passwd', path.join(root, 'outside.txt'));
  await symlink('nowhere', path.join(root, 'broken.txt'));
  const { findings } = await runChecks(flowContext(root, {}), { checks: ['encoding'] });
  assert.deepEqual(findings.map((one) => one.rule).sort(), [
    'files.case_collision',
    'files.case_collision',
    'files.symbolic_link_outside',
    'files.symbolic_link_outside',
  ]);
});

test('git decides what belongs to the project; a hook checks only its staged files', async (t) => {
  const { root } = await check(t, {
    'a.txt': 'fÃ¼r',
    'b.txt': 'fÃ¼r',
    'ignored.txt': 'fÃ¼r',
    '.gitignore': 'ignored.txt\n',
  });
  execFileSync('git', ['init', '--quiet', root]);
  const context = flowContext(root, {});
  const all = await runChecks(context, { checks: ['encoding'] });
  assert.deepEqual(
    all.findings.map((one) => one.file),
    ['a.txt', 'b.txt'],
  );
  const staged = await runChecks(context, { checks: ['encoding'], files: ['./b.txt'] });
  assert.deepEqual(
    staged.findings.map((one) => one.file),
    ['b.txt'],
  );
});

test('settings switch off rules, checks and files', async (t) => {
  const files = { 'a.txt': 'fÃ¼r', 'old/b.txt': 'fÃ¼r', 'c.md': '# a\n### b\n' };
  const { places } = await check(t, files, {
    config: { checks: { ignore: ['old/**'], disable: ['markdown.heading_increment'] } },
  });
  assert.deepEqual(places, ['encoding.double a.txt:1']);
  assert.deepEqual(
    (await check(t, files, { config: { checks: { disable: ['encoding', 'markdown'] } } })).places,
    [],
  );
});

test('a folder that is not there is a clear fault', async (t) => {
  await assert.rejects(check(t, {}, { dir: 'nothing' }), (error) =>
    isFlowFault(error, 'check.folder_missing'),
  );
});

test('plain output is one line a finding in both languages, and SARIF is what code scanning reads', async (t) => {
  const { findings, checkedFiles } = await check(
    t,
    { 'ein & ümlaut.txt': 'a\nfÃ¼r\u001b[2J' },
    { checks: ['encoding'] },
  );
  const plain = formatPlain(findings, checkedFiles, 'de');
  assert.match(plain, /^ein & ümlaut\.txt:2:2: error encoding\.double: „Ã¼“ ist „ü“/m);
  assert.match(plain, /1 Datei geprüft, 2 Befunde\.\n$/);
  assert.doesNotMatch(plain, /[^\P{Cc}\n]/u);
  const sarif = JSON.parse(formatSarif(findings, 'en'));
  assert.equal(sarif.version, '2.1.0');
  const [result] = sarif.runs[0].results;
  assert.equal(result.ruleId, 'encoding.double');
  assert.deepEqual(result.locations[0].physicalLocation.region, { startLine: 2, startColumn: 2 });
  assert.equal(result.locations[0].physicalLocation.artifactLocation.uri, 'ein%20%26%20%C3%BCmlaut.txt');
  assert.equal(sarif.runs[0].tool.driver.rules[result.ruleIndex].id, 'encoding.double');
});
