import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { createSyntax } from '#kernel/syntax/syntax.ts';
import { testDatabase } from '#kernel/testing/database.ts';
import { search } from '../module.ts';
import { createSearchThread } from '../worker/pool.ts';
import { chunkText } from './chunker.ts';
import { createIndexer } from './indexer.ts';
import { termsOf } from './terms.ts';

test('an index that was stopped goes on where it was', async () => {
  await using db = await testDatabase();
  await db.migrate([search]);
  await using thread = createSearchThread();
  const root = mkdtempSync(path.join(tmpdir(), 'cds-index-'));
  try {
    const workspacePath = path.join(root, 'workspace');
    mkdirSync(workspacePath);
    for (let index = 0; index < 120; index += 1)
      writeFileSync(path.join(workspacePath, `f${index}.ts`), `export const v${index} = 1;\n`);
    const target = {
      projectId: '00000000-0000-7000-8000-000000000001',
      place: { workspacePath, stagingPath: root, limits: { fileBytes: 1e6, depth: 20 } },
    };
    const indexer = createIndexer({ database: db.database, thread, now: Date.now, onChange: () => {} });
    const stop = new AbortController();
    const stopped = indexer.refresh(
      target,
      { kind: 'all' },
      {
        signal: stop.signal,
        onProgress: (pending) => {
          if (pending < 120) stop.abort(new Error('stopped'));
        },
      },
    );
    await assert.rejects(stopped, /stopped/);
    const chunks = () =>
      db.database.query<{ id: bigint }>({ text: 'select chunk_id as id from search.chunk order by 1' });
    const first = await chunks();
    assert.ok(first.length > 0 && first.length < 120);
    const pendings: number[] = [];
    const run = {
      signal: new AbortController().signal,
      onProgress: (pending: number) => pendings.push(pending),
    };
    await indexer.refresh(target, { kind: 'all' }, run);
    assert.equal(pendings[0], 120 - first.length);
    const all = await chunks();
    assert.equal(all.length, 120);
    assert.deepEqual(all.slice(0, first.length), first);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

test('files are cut at the borders of definitions; every line is in exactly one chunk', async () => {
  const syntax = createSyntax();
  const method = (name: string) => `  ${name}() {\n${'    work();\n'.repeat(20)}  }\n`;
  const text = `import a from 'a';\n\n/** Says. */\nexport function first() {\n${'  step();\n'.repeat(30)}}\n\nclass Big {\n${method('one')}${method('two')}${method('three')}${method('four')}}\n`;
  const chunks = await chunkText(syntax, 'a.ts', text);
  const lines = chunks.flatMap(({ startLine, endLine }) =>
    Array.from({ length: endLine - startLine + 1 }, (_, index) => startLine + index),
  );
  assert.deepEqual(
    lines,
    Array.from({ length: text.split('\n').length }, (_, index) => index + 1),
  );
  const starts = chunks.map(({ startLine }) => text.split('\n')[startLine - 1]?.trim());
  assert.ok(
    chunks.some(({ symbol }) => symbol?.includes('Big.three')),
    JSON.stringify(chunks),
  );
  assert.ok(
    starts.every((start) => !start?.startsWith('work') && !start?.startsWith('step')),
    JSON.stringify(starts),
  );
});

test('texts without a grammar are cut at headings, and one endless line or file is still cut', async () => {
  const syntax = createSyntax();
  const markdown = await chunkText(syntax, 'a.md', '# One\ntext\n## Two\nmore\n');
  assert.deepEqual(
    markdown.map(({ symbol }) => symbol),
    ['One', 'Two'],
  );
  const long = await chunkText(syntax, 'a.txt', 'word\n'.repeat(5000));
  assert.ok(long.length > 40 && long.every(({ startLine, endLine }) => endLine - startLine < 130));
  assert.equal((await chunkText(syntax, 'broken.ts', '}}}} function {{{ <<<')).length, 1);
});

test('identifiers count whole and in their parts', () => {
  assert.deepEqual(termsOf('parseHTTPUrls max_size'), [
    'parsehttpurl',
    'parse',
    'http',
    'url',
    'maxsize',
    'max',
    'size',
  ]);
});
