import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { writeFiles } from '../testing/reference-site.ts';
import { temporaryFolder } from '../testing/release.ts';
import { findRootAddresses } from './root-addresses.ts';

test('finds every address that begins at the root of its host, by bytes, and no other', async (t) => {
  const dir = await temporaryFolder(t);
  const page =
    '<!doctype html><p>Größe 😀 /not-this.css<link rel=stylesheet href="/a.css"><img srcset="/b.png 1x, c.png 2x">' +
    '<a href="/page/">x</a><a href="//other.example/">y</a><a href="d.html">z</a><p style="background:url(/e.png)">' +
    '<script type="module">import "/f.js"; fetch("/api")</script>';
  await writeFiles(dir, { 'index.html': page, 'a.css': '@import "/g.css"; b { background: url("/h.png") }' });
  const found = await findRootAddresses(dir);
  const at = async (file: string) => {
    const bytes = await readFile(path.join(dir, file));
    return (found[file] ?? []).map((offset) => /^[^"' )>]*/.exec(bytes.toString('utf8', offset))?.[0]);
  };
  assert.deepEqual(await at('index.html'), ['/a.css', '/b.png', '/page/', '/e.png', '/f.js']);
  assert.deepEqual(await at('a.css'), ['/g.css', '/h.png']);
});
