import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, rename, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { FlowFault, isFlowFault } from '../core/fault.ts';
import { releaseOf, siteWorld } from './build.fixture.ts';

/** The codes and places of everything a build reports. */
async function faultsOf(building: Promise<unknown>): Promise<string[]> {
  try {
    await building;
  } catch (error) {
    if (!(error instanceof FlowFault)) throw error;
    return [error, ...error.more].map(
      ({ code, place }) => `${code} ${place.file ?? ''}:${place.line ?? ''}:${place.column ?? ''}`,
    );
  }
  return [];
}

test('broken front matter names file, line and column, and every broken page at once', async (t) => {
  const { build } = await siteWorld(t, {
    'index.md': '# Home\n',
    'a.md': '---\ntitle: a\nkey: [1, 2\n---\n# A\n',
    'b.md': '---\ntitle: never closed\n',
    'c.md': '---\ntitle: c\ndate: 31.01.2026\n---\n',
    'd.md': '---\r\ntitle: d\r\ndraft: perhaps\r\n---\r\n',
    'e.md': '---\n- a list\n---\n',
    'f.md': '---\ntitle: one\ntitle: two\n---\n',
    'g.md': '---\ndate: 2026-02-30\n---\n',
  });
  const found = await faultsOf(build());
  assert.deepEqual(found, [
    'build.front_matter a.md:4:1',
    'build.front_matter b.md:1:1',
    'build.front_matter c.md:3:1',
    'build.front_matter d.md:3:1',
    'build.front_matter e.md:2:1',
    'build.front_matter f.md:3:1',
    'build.front_matter g.md:2:1',
  ]);
});

test('front matter whose aliases multiply is refused, not expanded', async (t) => {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
  for (let level = 1; level < 12; level += 1)
    lines.push(
      `a${level}: &a${level} [${Array(9)
        .fill(`*a${level - 1}`)
        .join(', ')}]`,
    );
  const { build } = await siteWorld(t, { 'index.md': `---\n${lines.join('\n')}\n---\n# x\n` });
  assert.deepEqual(await faultsOf(build()), ['build.front_matter index.md:2:1']);
});

test('a missing layout and a missing include name the line', async (t) => {
  const { build } = await siteWorld(t, {
    'index.md': '---\ntitle: x\nlayout: nowhere\n---\n',
    'page.html': '---\n---\n<p>\n{{> gone}}\n',
  });
  assert.deepEqual(await faultsOf(build()), [
    'build.layout_missing index.md:3:1',
    'build.include_missing page.html:4:1',
  ]);
});

test('circular includes and circular layouts end with the chain', async (t) => {
  const { build } = await siteWorld(t, {
    '_includes/a.html': 'a{{> b}}',
    '_includes/b.html': '\n  {{> a}}',
    '_layouts/one.html': '---\nlayout: two\n---\n{{{ content }}}',
    '_layouts/two.html': '---\nlayout: one\n---\n{{{ content }}}',
    'index.html': '---\n---\n{{> a}}',
    'page.md': '---\nlayout: one\n---\n',
  });
  await assert.rejects(build(), (error) => {
    assert.ok(isFlowFault(error, 'build.circular_include'));
    assert.match(error.text.en, /a → b → a/);
    assert.match(error.more[0]?.text.en ?? '', /one → two → one/);
    assert.deepEqual([error.place.file, error.place.line, error.place.column], ['_includes/b.html', 2, 3]);
    return true;
  });
});

test('templates: typing errors are told with their place, and no template reaches what objects inherit', async (t) => {
  const { build } = await siteWorld(t, {
    'a.html': '---\nx: 1\n---\n{{ pgae.title }}',
    'b.html': '---\n---\n{{#if page.title}}',
    'c.html': '---\n---\n{{/each}}',
    'd.html': '---\n---\n{{ page.title | shout }}',
    'e.html': '---\n---\n{{#each pages}}{{/each}}',
    'index.html': '---\n---\n[{{ page.constructor.name }}{{ page.__proto__ }}{{ pages.length }}]',
  });
  assert.deepEqual(await faultsOf(build()), [
    'build.template_name a.html:4:1',
    'build.template_syntax b.html:3:1',
    'build.template_syntax c.html:3:1',
    'build.template_syntax d.html:3:1',
    'build.template_syntax e.html:3:1',
  ]);
});

test('includes that double themselves are stopped', async (t) => {
  const files: Record<string, string> = { 'index.html': '---\n---\n{{> i0}}', '_includes/i40.html': 'x' };
  for (let level = 0; level < 40; level += 1)
    files[`_includes/i${level}.html`] = `{{> i${level + 1}}}{{> i${level + 1}}}`;
  const { build } = await siteWorld(t, files);
  assert.match((await faultsOf(build()))[0] ?? '', /^build\.template_too_large/);
});

test('file names with spaces, &, umlauts, quotes and emoji keep working', async (t) => {
  const names = ['a b', 'R&D', 'über', "it's", '🎉 party', '50% off', 'a#b', 'q?', '日本'];
  const files: Record<string, string> = {
    'index.md': `# Home\n\n${names.map((name) => `[x](<${name.replace('%', '%25').replace('#', '%23').replace('?', '%3F')}.md>)`).join('\n')}\n`,
  };
  for (const name of names) files[`${name}.md`] = `# ${name}\n`;
  const { build, outputs, read } = await siteWorld(t, files);
  await build({ site: { url: 'https://example.org/' } });
  for (const name of names) assert.ok((await outputs()).includes(`${name}.html`), name);
  const home = await read('index.html');
  for (const name of names)
    assert.ok(
      home.includes(`<a href="${encodeURIComponent(name).replaceAll('&', '&amp;')}.html">x</a>`),
      name,
    );
});

test('a name in decomposed Unicode is released in its composed form', async (t) => {
  const { build, outputs } = await siteWorld(t, { 'index.md': '[a](ä.md)\n', 'a\u0308.md': '# A\n' });
  await build();
  assert.ok((await outputs()).includes('ä.html'));
});

test('case collisions, two sources of one page, and names of the flow’s own files', async (t) => {
  const { build } = await siteWorld(t, {
    'index.md': 'x',
    'Logo.png': '1',
    'logo.png': '2',
    'ä.txt': '1',
    'a\u0308.txt': '2',
    'build.json': '{}',
  });
  assert.deepEqual(
    (await faultsOf(build())).map((line) => line.normalize('NFC')),
    ['build.reserved_name build.json::', 'build.case_collision logo.png::', 'build.case_collision ä.txt::'],
  );
  const two = await siteWorld(t, { 'index.md': 'x', 'index.html': '<p>' });
  assert.deepEqual(await faultsOf(two.build()), ['build.duplicate_output index.md::']);
});

test('symbolic links: inside the sources they count as the file, outside they are refused', async (t) => {
  const { root, build, read } = await siteWorld(t, {
    'index.md': 'x',
    'real.txt': 'real',
    'folder/a.txt': 'a',
  });
  await symlink('real.txt', path.join(root, 'link.txt'));
  await build();
  assert.equal(await read('link.txt'), 'real');
  await symlink('/etc/passwd', path.join(root, 'passwd.txt'));
  await symlink('nowhere', path.join(root, 'dangling.txt'));
  await symlink('folder', path.join(root, 'again'));
  await symlink('..', path.join(root, 'folder/up'));
  execFileSync('mkfifo', [path.join(root, 'pipe.html')]);
  assert.deepEqual((await faultsOf(build())).sort(), [
    'build.special_file pipe.html::',
    'build.symlink_outside again::',
    'build.symlink_outside dangling.txt::',
    'build.symlink_outside folder/up::',
    'build.symlink_outside passwd.txt::',
  ]);
});

test('a linked layout is no layout, and a source folder that is a link out is refused', async (t) => {
  const { root, build } = await siteWorld(t, { 'index.md': '---\nlayout: passwd\n---\n' });
  await mkdir(path.join(root, '_layouts'));
  await symlink('/etc/passwd', path.join(root, '_layouts/passwd.html'));
  assert.deepEqual(await faultsOf(build()), ['build.layout_missing index.md:2:1']);
  await symlink('/etc', path.join(root, 'etc'));
  for (const source of ['etc', '..', '/etc', 'missing', 'index.md'])
    assert.match((await faultsOf(build({ build: { source } })))[0] ?? '', /^build\.source_invalid/, source);
});

test('a file name that is not UTF-8 or holds a line break', async (t) => {
  const { root, build } = await siteWorld(t, { 'index.md': 'x', 'plain.txt': 'x' });
  await rename(
    path.join(root, 'plain.txt'),
    Buffer.concat([Buffer.from(`${root}/caf`), Buffer.from([0xe9]), Buffer.from('.txt')]),
  );
  await writeFile(path.join(root, 'two\nlines.txt'), 'x');
  const found = await faultsOf(build());
  assert.equal(found.length, 2);
  for (const one of found) assert.match(one, /^build\.file_name/);
});

test('invalid UTF-8 is told with line and column; UTF-16 by its name; nothing is guessed', async (t) => {
  const { root, build, read } = await siteWorld(t, {
    'index.md': 'x',
    'latin.md': Buffer.from('# Gr\u00fc\u00dfe\n\nZeile f\u00fcr\n', 'latin1'),
    'style.css': Buffer.concat([Buffer.from('a{}\n/* ä '), Buffer.from([0xff]), Buffer.from(' */')]),
    'wide.html': Buffer.from('\ufeff<p>x</p>', 'utf16le'),
    'bom.md': '\ufeff---\ntitle: With mark\n---\ntext\n',
  });
  assert.deepEqual(await faultsOf(build()), [
    'build.invalid_utf8 latin.md:1:5',
    'build.invalid_utf8 style.css:2:6',
    'build.utf16 wide.html:1:1',
  ]);
  const charsets = { 'latin.md': 'iso-8859-1', 'style.css': 'iso-8859-1', 'wide.html': 'utf-16le' };
  await build({ checks: { charsets } });
  assert.match(await read('latin.html'), /<h1 id="grüße">Grüße<\/h1>/);
  assert.equal(await read('wide.html'), '<p>x</p>');
  assert.match(await read('bom.html'), /<title>With mark/);
  await writeFile(path.join(root, 'latin.md'), Buffer.from([0x81, 0xfe]));
  assert.match(
    (await faultsOf(build({ checks: { charsets: { ...charsets, 'latin.md': 'shift_jis' } } })))[0] ?? '',
    /^build\.charset_mismatch latin\.md/,
  );
});

test('a page that quotes double-encoded text on purpose is released as it was written', async (t) => {
  const quoted = 'Wrong: Ã¼ber, itâ€™s; right: über, it’s';
  const { build, read } = await siteWorld(t, { 'index.md': `${quoted}\n`, 'raw.html': `<p>${quoted}</p>` });
  await build();
  assert.ok((await read('index.html')).includes(`<p>${quoted}</p>`));
  assert.equal(await read('raw.html'), `<p>${quoted}</p>`);
});

test('a video of 200 MB goes through without being read into memory', async (t) => {
  const { root, build } = await siteWorld(t, { 'index.md': 'x', 'film.mp4': '' });
  await truncate(path.join(root, 'film.mp4'), 200 * 1024 * 1024);
  const before = process.memoryUsage().rss;
  await build();
  assert.equal((await stat(path.join(releaseOf(root), 'film.mp4'))).size, 200 * 1024 * 1024);
  assert.ok(process.memoryUsage().rss - before < 100 * 1024 * 1024);
});

test('a folder without a page says so', async (t) => {
  const { build } = await siteWorld(t, { 'notes.txt': 'x' });
  assert.deepEqual(await faultsOf(build()), ['build.nothing_to_build ::']);
});

test('a build that is stopped ends', async (t) => {
  const files: Record<string, string> = { 'index.md': 'x' };
  for (let index = 0; index < 100; index += 1) files[`p${index}.md`] = '# x\n';
  const { build } = await siteWorld(t, files);
  const reason = new Error('stopped');
  await assert.rejects(build({}, { signal: AbortSignal.abort(reason) }), reason);
});
