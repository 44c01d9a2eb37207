import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { linkSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { isFault } from '#base/fault.ts';
import { eventually } from '#kernel/testing/eventually.ts';
import { embeddingDouble } from './testing/embedding-double.ts';
import { searchWorld } from './testing/search-world.ts';

const code = (expected: string) => (error: unknown) => isFault(error, expected);

const files = {
  'src/sum.ts':
    'export function sumUp(values: number[]): number {\n  return values.reduce((a, b) => a + b, 0);\n}\n',
  'src/url.ts':
    'export class UrlParser {\n  parseHost(text: string) {\n    return new URL(text).host;\n  }\n}\n',
  'docs/guide.md': '# Guide\n\nHow hosts are parsed.\n',
};

test('exact search tells path, line, place in the line, context and the definition it is in', async () => {
  await using at = await searchWorld(files);
  await at.code({ query: 'anything' });
  const { results, ranking, truncated } = await at.code({
    query: 'URL(text)',
    mode: 'exact',
    caseSensitive: true,
  });
  assert.equal(results.length, 1);
  const [hit] = results;
  assert.equal(hit?.path, 'src/url.ts');
  assert.match(hit?.symbol ?? '', /UrlParser/);
  const line = hit?.lines.find(({ ranges }) => ranges.length > 0);
  assert.deepEqual([line?.line, line?.text.slice(...(line?.ranges[0] ?? []))], [3, 'URL(text)']);
  assert.deepEqual(
    hit?.lines.map((shown) => shown.line),
    [1, 2, 3, 4, 5],
  );
  assert.deepEqual([ranking, truncated], [['exact'], false]);
});

test('regular expressions, whole words, case and globs narrow what is found', async () => {
  await using at = await searchWorld({ 'a.ts': 'foo Foo food\n', 'lib/b.js': 'foo\n', 'c.css': '.foo {}\n' });
  const paths = async (query: Parameters<typeof at.code>[0]) =>
    (await at.code({ mode: 'exact', ...query })).results.map((result) => result.path);
  assert.deepEqual(await paths({ query: 'foo' }), ['a.ts', 'c.css', 'lib/b.js']);
  assert.deepEqual(await paths({ query: 'foo', include: ['*.js'] }), ['lib/b.js']);
  assert.deepEqual(await paths({ query: 'foo', include: ['lib'] }), ['lib/b.js']);
  assert.deepEqual(await paths({ query: 'foo', exclude: ['lib/**', '*.css'] }), ['a.ts']);
  const [line] =
    (await at.code({ query: 'foo', mode: 'exact', wholeWord: true, include: ['a.ts'] })).results[0]?.lines ??
    [];
  assert.deepEqual(line?.ranges, [
    [0, 3],
    [4, 7],
  ]);
  const { results } = await at.code({ query: 'fo+d\\b', mode: 'regex' });
  assert.deepEqual(results[0]?.lines[0]?.ranges, [[8, 12]]);
  await assert.rejects(at.code({ query: '(', mode: 'regex' }), code('search.pattern_invalid'));
});

test('a pattern that would run for ever is ended, and the next search works', async () => {
  await using at = await searchWorld(
    { 'a.txt': `${'a'.repeat(40)}!\n` },
    { environment: { CDS_SEARCH_TIMEOUT_MS: '800' } },
  );
  await assert.rejects(at.code({ query: '^(a+)+$', mode: 'regex' }), code('search.timeout'));
  assert.equal((await at.code({ query: 'aaa!', mode: 'exact' })).results.length, 1);
});

test('binary, huge, CRLF and non-UTF-8 files, links and what .gitignore names', async () => {
  await using at = await searchWorld({
    'binary.bin': Buffer.from('needle\0'),
    'windows.txt': 'one\r\nneedle here\r\n',
    'latin.txt': Buffer.from([0xe4, 0x20, ...Buffer.from('needle')]),
    'minified.js': `${'x'.repeat(100_000)}needle${'y'.repeat(100_000)}`,
    '.gitignore': 'dist/\n*.log\n!keep.log\n',
    'dist/out.js': 'needle',
    'a.log': 'needle',
    'keep.log': 'needle',
    'node_modules/pack/index.js': 'needle',
  });
  const outside = path.join(at.world.dataDir, 'secret.txt');
  writeFileSync(outside, 'needle secret');
  symlinkSync(outside, path.join(at.workspace, 'link.txt'));
  symlinkSync(at.world.dataDir, path.join(at.workspace, 'linked'));
  linkSync(outside, path.join(at.workspace, 'hard.txt'));
  const { results } = await at.code({ query: 'needle', mode: 'exact', contextLines: 0 });
  assert.deepEqual(
    results.map((result) => result.path),
    ['keep.log', 'latin.txt', 'minified.js', 'windows.txt'],
  );
  const byPath = new Map(results.map((result) => [result.path, result.lines[0]]));
  assert.equal(byPath.get('windows.txt')?.text, 'needle here');
  const long = byPath.get('minified.js');
  assert.equal(long?.text.length, 400);
  assert.equal(long?.text.slice(...(long.ranges[0] ?? [])), 'needle');
});

test('hybrid search finds by the words of identifiers, and says that no meaning took part', async () => {
  await using at = await searchWorld(files);
  const { results, ranking, index } = await at.code({ query: 'parse the host of an url' });
  assert.equal(results[0]?.path, 'src/url.ts');
  assert.deepEqual(results[0]?.found, ['words']);
  assert.deepEqual(ranking, ['exact', 'words']);
  assert.deepEqual([index.state, index.embeddingModel], ['ready', null]);
  const literal = await at.code({ query: 'sumUp' });
  assert.deepEqual(literal.results[0]?.found.toSorted(), ['exact', 'words']);
});

test('a change, a moved folder and a deletion are found at once; unchanged contents keep their chunks', async () => {
  await using at = await searchWorld(files);
  await at.code({ query: 'sum' });
  const ids = async () =>
    (
      await at.world.database.query<{ id: bigint }>({
        text: 'select chunk_id as id from search.chunk order by 1',
      })
    ).map(({ id }) => id);
  const before = await ids();
  at.write('src/new.ts', 'export const giraffe = 1;\n');
  renameSync(path.join(at.workspace, 'docs'), path.join(at.workspace, 'manual'));
  rmSync(path.join(at.workspace, 'src/sum.ts'));
  await eventually(async () => {
    const found = await at.code({ query: 'giraffe neck' });
    assert.ok(found.results.some((result) => result.path === 'src/new.ts'));
    const guide = await at.code({ query: 'guide to parsed hosts' });
    const paths = guide.results.map((result) => result.path);
    assert.ok(paths.includes('manual/guide.md') && !paths.includes('docs/guide.md'));
    assert.ok(
      !(await at.code({ query: 'sum values' })).results.some((result) => result.path === 'src/sum.ts'),
    );
  });
  const after = await ids();
  assert.deepEqual(
    after.filter((id) => before.includes(id)),
    before,
  );
  assert.equal(after.length, before.length + 1);
});

test('switching a branch and back reads again but cuts nothing anew', async () => {
  await using at = await searchWorld(files);
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b.invalid', ...args], {
      cwd: at.workspace,
    });
  git('add', '.');
  git('commit', '-qm', 'one');
  await at.code({ query: 'sum' });
  git('checkout', '-qb', 'other');
  at.write('src/sum.ts', 'export const zebra = 2;\n');
  git('commit', '-qam', 'two');
  await eventually(async () => {
    assert.equal((await at.code({ query: 'zebra stripes' })).results[0]?.path, 'src/sum.ts');
  });
  const count = async () =>
    (
      await at.world.database.query<{ most: bigint }>({
        text: 'select max(chunk_id) as most from search.chunk',
      })
    )[0]?.most;
  const most = await count();
  git('checkout', '-q', 'main');
  await eventually(async () => {
    assert.equal((await at.code({ query: 'reduce values' })).results[0]?.path, 'src/sum.ts');
    assert.equal((await at.code({ query: 'zebra stripes' })).results.length, 0);
  });
  assert.equal(await count(), most);
});

test('with an embedding model a search finds what has no word in common, also after the vectors were read from the database', async () => {
  const groups = [
    ['sum', 'total', 'addition'],
    ['host', 'address', 'location'],
  ];
  await using at = await searchWorld(files, { modules: [embeddingDouble(groups)] });
  await eventually(async () => {
    const { results, ranking, index } = await at.code({ query: 'location', limit: 5 });
    assert.deepEqual([index.embeddingModel, index.embeddedChunks], ['tiny-embed', index.chunks]);
    assert.ok(ranking.includes('meaning'));
    assert.ok(['src/url.ts', 'docs/guide.md'].includes(results[0]?.path ?? ''));
  });
  const { results } = await at.code({ query: 'addition' });
  assert.deepEqual([results[0]?.path, results[0]?.found], ['src/sum.ts', ['meaning']]);
});

test('the map tells what files define, those that matter first, and counts what did not fit', async () => {
  await using at = await searchWorld(files);
  const map = (query: string, limitCharacters: number) =>
    at.client.call('search.map', { projectId: at.projectId, query, limitCharacters }, at.owner);
  const all = await map('parse host', 5000);
  assert.equal(all.files[0]?.path, 'src/url.ts');
  assert.ok(all.files[0]?.symbols.some((symbol) => symbol.includes('UrlParser')));
  assert.equal(all.omittedFiles, 0);
  const many = await searchWorld(
    Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`f${index}.md`, 'x'])),
  );
  await using _many = many;
  const cut = await many.client.call(
    'search.map',
    { projectId: many.projectId, limitCharacters: 200 },
    many.owner,
  );
  assert.ok(cut.files.length > 0 && cut.files.length < 60);
  assert.ok(cut.files.length + cut.omittedFiles >= 61);
});

test('for a stranger the project does not exist, and a purged project leaves nothing', async () => {
  await using at = await searchWorld(files);
  await assert.rejects(at.code({ query: 'sum' }, at.world.call()), code('projects.unknown'));
  await at.code({ query: 'sum' });
  const { projectsContract } = await import('#modules/projects/contract.ts');
  await at.world
    .client(projectsContract)
    .call('project.delete', { id: at.projectId, permanently: true }, at.owner);
  await eventually(async () => {
    const [row] = await at.world.database.query<{ count: bigint }>({
      text: 'select (select count(*) from search.file) + (select count(*) from search.chunk) as count',
    });
    assert.equal(row?.count, 0n);
  });
});
