import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { readAssetList } from '../core/assets.ts';
import type { FlowConfigInput } from '../core/config.ts';
import { FlowFault } from '../core/fault.ts';
import { hashedNamePattern } from '../core/layout.ts';
import { flowContext } from '../testing/context.ts';
import { referenceSite, writeFiles } from '../testing/reference-site.ts';
import { temporaryFolder } from '../testing/release.ts';
import { hashStep } from './hash.ts';

type Files = Readonly<Record<string, string | Uint8Array>>;

async function hashed(t: TestContext, files: Files, config: FlowConfigInput = {}) {
  const root = await temporaryFolder(t);
  const context = flowContext(root, config);
  await writeFiles(context.releaseDir, files);
  await hashStep.run(context);
  const list = await readAssetList(context.releaseDir);
  const nameOf = (original: string) =>
    list.files.find((file) => file.original === original && file.role === 'hashed')?.path ?? original;
  const read = (original: string) => readFile(path.join(context.releaseDir, nameOf(original)), 'utf8');
  const roleOf = (file: string) =>
    list.files.filter((one) => (one.original ?? one.path) === file).map((one) => one.role);
  return { context, list, nameOf, read, roleOf };
}

async function faultsOf(t: TestContext, files: Files, config: FlowConfigInput = {}): Promise<FlowFault[]> {
  const error: unknown = await hashed(t, files, config).then(
    () => null,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof FlowFault, `no fault but ${String(error)}`);
  return [error, ...error.more];
}

const placed = (fault: FlowFault | undefined) => [
  fault?.code,
  fault?.place.file,
  fault?.place.line,
  fault?.place.column,
];

test('every reference of every kind gets the name of its file', async (t) => {
  const { list, read, nameOf, roleOf } = await hashed(t, referenceSite('https://example.org'));
  const kept = list.files.filter((file) => file.role === 'unhashed').map((file) => file.path);
  assert.deepEqual(
    kept,
    ['data/by-string.json', 'data/loaded.json', 'feed.xml', 'img/twelve.png', 'paper.pdf'].filter(
      (name) => name !== 'data/by-string.json',
    ),
  );
  assert.deepEqual(roleOf('img/one.png'), ['hashed']);
  const page = await read('index.html');
  for (const file of [
    'css/main.css',
    'icon.svg',
    'app.webmanifest',
    'js/lib.js',
    'img/one.png',
    'img/two.png',
    'img/og.png',
    'js/a.js',
    'js/kit.js',
    'js/parts/one.js',
    'js/classic.js',
    'css/inline.css',
    'img/in style.png',
    'img/bg.png',
    'img/🎈.png',
    'img/three.png',
    'img/four.png',
    'img/five.png',
    'img/six.png',
    'img/seven.png',
    'sprite.svg',
    'img/eight.png',
    'img/poster.png',
    'img/object.svg',
    'img/srcdoc.png',
    'img/big.png',
    'img/noscript.png',
  ]) {
    assert.match(nameOf(file), hashedNamePattern, file);
    const name = path.posix.basename(nameOf(file));
    assert.ok(page.includes(name), `${file} in index.html`);
  }
  assert.ok(page.includes(`a&amp;b${nameOf('img/a&b.png').slice('img/a&b'.length)}`));
  assert.ok(page.includes(`M%C3%BCnchen${nameOf('img/München.png').slice('img/München'.length)}`));
  assert.ok(
    page.includes(`img\\/${path.posix.basename(nameOf('img/ld.png'))}`),
    'JSON-LD keeps its own escapes',
  );
  assert.ok(page.includes('href="paper.pdf"'), 'a document keeps the address that people have');
  assert.ok((await read('_headers')).includes(`</${nameOf('css/main.css')}>`));
  assert.ok((await read('feed.xml')).includes(path.posix.basename(nameOf('img/feed-html.png'))));
  const css = await read('css/main.css');
  assert.ok(
    css.includes('url(nowhere.png)') && css.includes('url(nothing.png)'),
    'comments and strings are no references',
  );
  assert.ok(css.includes(`esc\\61 ped${nameOf('img/escaped.png').slice('img/escaped'.length)}`));
});

test('a name is the hash of the content, and changes with what the content refers to', async (t) => {
  const site = { 'index.html': '<link rel=stylesheet href=a.css>', 'a.css': 'a{background:url(b.png)}' };
  const one = await hashed(t, { ...site, 'b.png': 'one' });
  const two = await hashed(t, { ...site, 'b.png': 'two' });
  assert.notEqual(one.nameOf('a.css'), two.nameOf('a.css'));
  const bytes = await readFile(path.join(one.context.releaseDir, one.nameOf('a.css')));
  const digest = createHash('sha256').update(bytes).digest('hex');
  assert.equal(one.nameOf('a.css'), `a.h-${digest.slice(0, 12)}.css`);
  assert.equal(one.list.files.find((file) => file.original === 'a.css')?.sha256, digest);
});

test('circular imports are named together: a change of one renames all, and nothing else does', async (t) => {
  const site = {
    'index.html': '<script type=module src=a.js></script>',
    'a.js': "import './b.js';",
    'b.js': "import './c.js';",
    'c.js': "import './a.js'; import './leaf.js';",
    'leaf.js': '1',
  };
  const one = await hashed(t, site);
  const same = await hashed(t, site);
  const two = await hashed(t, { ...site, 'b.js': "import './c.js'; 2" });
  for (const file of ['a.js', 'b.js', 'c.js']) {
    assert.match(one.nameOf(file), hashedNamePattern);
    assert.equal(one.nameOf(file), same.nameOf(file));
    assert.notEqual(one.nameOf(file), two.nameOf(file));
  }
  assert.equal(one.nameOf('leaf.js'), two.nameOf('leaf.js'));
  assert.equal(
    await one.read('c.js'),
    `import './${one.nameOf('a.js')}'; import './${one.nameOf('leaf.js')}';`,
  );
});

test('a file that nothing names statically keeps its name; one that a text still mentions stays under it too', async (t) => {
  const { roleOf, context } = await hashed(t, {
    'index.html':
      '<img src="a.png"><img src="c.png"><img src="my pic.png"><img src="photos/p-1.png"><script src="x.js"></script>',
    'x.js':
      "load('a.png'); other('only-here.png'); show('my%20pic.png'); img.src = 'photos/p-' + n + '.png';",
    'a.png': 'a',
    'b.png': 'b',
    'c.png': 'c',
    'only-here.png': 'o',
    'my pic.png': 'm',
    'photos/p-1.png': '1',
  });
  assert.deepEqual(roleOf('a.png').sort(), ['alias', 'hashed']);
  assert.deepEqual(roleOf('b.png'), ['unhashed']);
  assert.deepEqual(roleOf('c.png'), ['hashed']);
  assert.deepEqual(roleOf('only-here.png'), ['unhashed']);
  assert.deepEqual(roleOf('my pic.png').sort(), ['alias', 'hashed']);
  assert.deepEqual(roleOf('photos/p-1.png').sort(), ['alias', 'hashed']);
  assert.equal(await readFile(path.join(context.releaseDir, 'a.png'), 'utf8'), 'a');
});

test('an address that leads nowhere stops the release with file, line and column; all at once', async (t) => {
  const faults = await faultsOf(t, {
    'index.html': '<p>\n  <img src="nope.png">\n<img src="A.png"><a href="gone.html">x</a>',
    'css/x.css': 'a{}\nb{ background: url("../none.png") }',
    'a.png': 'a',
    'm.js': 'import "./missing.js"',
  });
  assert.deepEqual(faults.map(placed), [
    ['hash.unresolved', 'css/x.css', 2, 21],
    ['hash.unresolved', 'index.html', 2, 13],
    ['hash.unresolved', 'index.html', 3, 11],
    ['hash.unresolved', 'm.js', 1, 9],
  ]);
  assert.match(faults[2]?.fix.en ?? '', /Did you mean a\.png/);
});

test('with hash.unresolved: "warn" the release goes on and the places are warnings', async (t) => {
  const { context } = await hashed(
    t,
    { 'index.html': '<img src="nope.png">' },
    { hash: { unresolved: 'warn' } },
  );
  assert.deepEqual(
    context.warnings.map((one) => [one.code, one.line, one.column]),
    [['hash.unresolved', 1, 11]],
  );
});

test('what another server answers is never looked for', async (t) => {
  await hashed(
    t,
    {
      'index.html':
        '<img src="/api/picture.png"><img src="/cdn/x.png"><img src="https://other.example/y.png"><img src="//cdn.example/z.png"><img src="data:image/png;base64,AA">',
    },
    { hash: { external: ['/cdn/**'] } },
  );
});

test('a site in a folder: addresses below it are found, those beside it lead nowhere', async (t) => {
  const config = { site: { url: 'https://name.example/repo/' } };
  const { read, nameOf } = await hashed(
    t,
    { 'index.html': '<img src="/repo/a.png"><img src="https://name.example/repo/a.png">', 'a.png': 'a' },
    config,
  );
  assert.equal((await read('index.html')).split(nameOf('a.png')).length, 3);
  const faults = await faultsOf(t, { 'index.html': '<img src="/a.png">', 'a.png': 'a' }, config);
  assert.equal(faults[0]?.code, 'hash.unresolved');
});

test('a module name without an import map is an error in what pages load, and a warning elsewhere', async (t) => {
  const faults = await faultsOf(t, {
    'index.html': '<script type=module src=a.js></script>',
    'a.js': 'import x from "react"; x()',
  });
  assert.deepEqual(placed(faults[0]), ['hash.bare_specifier', 'a.js', 1, 16]);
  const { context } = await hashed(t, { 'index.html': 'x', 'server.js': 'import x from "react"; x()' });
  assert.deepEqual(
    context.warnings.map((one) => one.code),
    ['hash.bare_specifier'],
  );
});

test('integrity values follow the bytes, and one that never fitted stops the release', async (t) => {
  const sri = (text: string) => `sha384-${createHash('sha384').update(text).digest('base64')}`;
  const css = 'a{background:url(a.png)}';
  const { read } = await hashed(t, {
    'index.html': `<link rel=stylesheet href=a.css integrity="${sri(css)}" crossorigin>`,
    'a.css': css,
    'a.png': '1',
  });
  assert.ok((await read('index.html')).includes(sri(await read('a.css'))));
  const faults = await faultsOf(t, {
    'index.html': `\n<link rel=stylesheet href=a.css integrity="${sri('other')}">`,
    'a.css': css,
    'a.png': '1',
  });
  assert.deepEqual(placed(faults[0]), ['hash.integrity_mismatch', 'index.html', 2, 44]);
});

test('source maps still point at the right columns behind an inserted name', async (t) => {
  const { read, nameOf } = await hashed(t, {
    'index.html': '<script type=module src=a.js></script>',
    'a.js': "import './b.js';f();\ng();\n//# sourceMappingURL=a.js.map",
    'b.js': '1',
    // Line 1: columns 0 and 16; line 2: column 0.
    'a.js.map': '{"version":3,"file":"a.js","sources":["a.ts"],"names":[],"mappings":"AAAA,gBAAgB;AAAA"}',
  });
  const script = await read('a.js');
  const map = JSON.parse(await read('a.js.map')) as { file: string; mappings: string };
  assert.equal(map.file, nameOf('a.js'));
  assert.ok(script.endsWith(`sourceMappingURL=${nameOf('a.js.map')}`));
  assert.equal(script.indexOf('f()'), 31);
  assert.equal(map.mappings, 'AAAA,+BAAgB;AAAA');
});

test('invalid UTF-8 and UTF-16 are refused with line and column; a declared character set becomes UTF-8', async (t) => {
  const invalid = Buffer.concat([Buffer.from('<p>\nab'), Buffer.from([0xe4]), Buffer.from('</p>')]);
  assert.deepEqual(placed((await faultsOf(t, { 'index.html': invalid }))[0]), [
    'hash.not_utf8',
    'index.html',
    2,
    3,
  ]);
  const utf16 = Buffer.from('\ufeff<p>x</p>', 'utf16le');
  assert.match((await faultsOf(t, { 'index.html': utf16 }))[0]?.text.en ?? '', /UTF-16/);
  const latin1 = Buffer.from('<meta charset="iso-8859-1"><p>\xe4</p><img src="\xfc.png">', 'latin1');
  const { context, nameOf } = await hashed(t, { 'index.html': latin1, 'ü.png': 'x' });
  const written = await readFile(path.join(context.releaseDir, 'index.html'), 'utf8');
  assert.equal(written, `<meta charset="utf-8"><p>ä</p><img src="${nameOf('ü.png')}">`);
});

test('a worker that the site registers by itself keeps its name and is a worker', async (t) => {
  const { roleOf } = await hashed(t, {
    'index.html': "<script>navigator.serviceWorker.register('/my-worker.js')</script>",
    'my-worker.js': "importScripts('lib.js')",
    'lib.js': '1',
  });
  assert.deepEqual(roleOf('my-worker.js'), ['worker']);
});

test('files that import maps name by address, and names asked for by habit, stay reachable', async (t) => {
  const { roleOf } = await hashed(t, {
    'index.html':
      '<link rel=icon href=/favicon.ico><script type="importmap">{"imports":{"/js/old.js":"/js/new.js"}}</script><script type="module" src="/js/old.js"></script>',
    'favicon.ico': 'i',
    'js/old.js': '1',
    'js/new.js': '2',
  });
  assert.deepEqual(roleOf('favicon.ico').sort(), ['alias', 'hashed']);
  assert.deepEqual(roleOf('js/old.js'), ['unhashed']);
  assert.deepEqual(roleOf('js/new.js'), ['hashed']);
});

test('a script that does not parse is a warning and loses nothing', async (t) => {
  const { context, read } = await hashed(t, {
    'index.html': '<script type=module src=a.js></script>',
    'a.js': 'import {{{ "./b.js"',
    'b.js': '1',
  });
  assert.deepEqual(
    context.warnings.map((one) => [one.code, one.file]),
    [['hash.script_unparsed', 'a.js']],
  );
  assert.equal(await read('a.js'), 'import {{{ "./b.js"');
});

/** The generated columns of the first segment of each word of a line, decoded. */
function columnsOf(mappings: string, line: number): number[] {
  const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  let column = 0;
  return (mappings.split(';')[line] ?? '').split(',').map((segment) => {
    let value = 0;
    let factor = 1;
    for (const sign of segment) {
      const digit = digits.indexOf(sign);
      value += (digit & 31) * factor;
      factor *= 32;
      if (digit < 32) break;
    }
    column += value % 2 === 1 ? -(value - 1) / 2 : value / 2;
    return column;
  });
}

test('a source map that stands in the script itself, as a data: URL, follows too', async (t) => {
  const map = Buffer.from('{"version":3,"sources":["x.ts"],"names":[],"mappings":"AAAA,gBAAgB;AAChB"}');
  const { read } = await hashed(t, {
    'index.html': '<script type="module" src="a.js"></script>',
    'a.js': `import './b.js';f();\ng();\n//# sourceMappingURL=data:application/json;base64,${map.toString('base64')}`,
    'b.js': 'export default 1',
  });
  const script = await read('a.js');
  const inline = /base64,(.+)$/.exec(script)?.[1] ?? '';
  const moved: { mappings: string } = JSON.parse(Buffer.from(inline, 'base64').toString('utf8'));
  // `f()` stood in column 16 and now stands behind the 15 characters of the hash.
  assert.deepEqual(columnsOf(moved.mappings, 0), [0, script.indexOf('f()')]);
  assert.deepEqual(columnsOf(moved.mappings, 1), [0]);
});

test('an index map follows in its offsets and in the sections behind them', async (t) => {
  const first = "import './b.js';f();import './c.js';g();";
  const at = first.indexOf('import', 1);
  const section = (line: number, column: number) => ({
    offset: { line, column },
    map: { version: 3, sources: ['"offset":{"line":0,"column":1}'], names: [], mappings: 'AAAA,gBAAgB' },
  });
  const { read } = await hashed(t, {
    'index.html': '<script type="module" src="a.js"></script>',
    'a.js': `${first}\nh();\n//# sourceMappingURL=a.js.map`,
    'a.js.map': JSON.stringify({ version: 3, sections: [section(0, 0), section(0, at), section(1, 0)] }),
    'b.js': 'export default 1',
    'c.js': 'export default 2',
  });
  const script = await read('a.js');
  const map: { sections: ReturnType<typeof section>[] } = JSON.parse(await read('a.js.map'));
  const columns = map.sections.map((one) =>
    columnsOf(one.map.mappings, 0).map((column) => column + one.offset.column),
  );
  assert.deepEqual(columns, [
    [0, script.indexOf('f()')],
    [script.indexOf('import', 1), script.indexOf('g()')],
    [0, 16],
  ]);
});
