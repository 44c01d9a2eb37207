import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cp, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { isFlowFault } from '../core/fault.ts';
import { temporaryFolder } from '../testing/release.ts';
import { readTree, releaseOf, siteWorld, writeFiles } from './build.fixture.ts';
import type { RunCommand } from './command.ts';

test('an ordinary folder becomes a site without any settings', async (t) => {
  const { build, outputs, read } = await siteWorld(t, {
    'index.md': '# Home\n\nSee [the guide](guide/first.md#second-part).\n',
    'guide/first.md': '# First\n\n## Second part\n\nText\n',
    'style.css': 'body{}',
    'flow.config.ts': 'export default {}',
    'package.json': '{}',
    '.env': 'SECRET=1',
    'node_modules/x/index.html': 'no',
  });
  const result = await build();
  assert.equal(result.outcome, 'done');
  assert.deepEqual(await outputs(), ['flow-site.css', 'guide/first.html', 'index.html', 'style.css']);
  assert.match(await read('index.html'), /<a href="guide\/first\.html#second-part">the guide<\/a>/);
  assert.match(await read('guide/first.html'), /<h2 id="second-part">/);
  assert.match(await read('guide/first.html'), /href="\.\.\/flow-site\.css"/);
});

test('CommonMark and GFM: tables, tasks, strikethrough, autolinks, footnotes, alerts, table of contents', async (t) => {
  const { build, read } = await siteWorld(t, {
    'index.md': `# One *and* two

[[toc]]

## A \`b\` & c

| a | b |
|---|--:|
| 1 | 2 |

- [ ] open
- [x] done

~~gone~~ https://example.org/x. www.example.org/y) me@example.org readme.md[^1]

> [!NOTE]
> Mind this.

## A \`b\` & c

[^1]: The note.
`,
  });
  await build();
  const html = await read('index.html');
  assert.match(html, /<title>One and two<\/title>/);
  assert.match(html, /<ul class="toc"><li><a href="#a-b--c">A b &amp; c<\/a><\/li><li><a href="#a-b--c-1">/);
  assert.match(html, /<td style="text-align:right">2<\/td>/);
  assert.match(html, /<li class="task-list-item"><input type="checkbox" disabled> open<\/li>/);
  assert.match(html, /<input type="checkbox" disabled checked> done/);
  assert.match(html, /<s>gone<\/s>/);
  assert.match(html, /<a href="https:\/\/example\.org\/x">https:\/\/example\.org\/x<\/a>\./);
  assert.match(html, /<a href="http:\/\/www\.example\.org\/y">www\.example\.org\/y<\/a>\)/);
  assert.match(html, /<a href="mailto:me@example\.org">/);
  assert.doesNotMatch(html, /<a[^>]*>readme\.md/);
  assert.match(html, /<section class="footnotes">/);
  assert.match(
    html,
    /<blockquote class="alert alert-note">\s*<p><strong class="alert-title">Note<\/strong><br>Mind this\./,
  );
});

test('code is highlighted once and taken from the cache afterwards, with the same bytes', async (t) => {
  const { root, build, read } = await siteWorld(t, {
    'index.md': '# Home\n\n```js\nconst a = 1 < 2;\n```\n\n```unknown-language\n<x>\n```\n',
    'b.md': '# B\n\n```js\nconst a = 1 < 2;\n```\n',
  });
  const first = await build();
  assert.equal(first.details?.highlightedBlocks, 2, 'equal blocks count once');
  const cold = await readTree(releaseOf(root));
  assert.match(
    await read('index.html'),
    /<pre><code class="hljs language-js"><span class="hljs-keyword">const<\/span>/,
  );
  assert.match(await read('index.html'), /<code class="hljs language-unknown-language">&lt;x&gt;/);
  const second = await build();
  assert.deepEqual([second.details?.renderedPages, second.details?.highlightedBlocks], [0, 0]);
  assert.deepEqual(await readTree(releaseOf(root)), cold);
  await writeFile(path.join(root, 'b.md'), '# B changed\n\n```js\nconst a = 1 < 2;\n```\n');
  const third = await build();
  assert.deepEqual([third.details?.renderedPages, third.details?.highlightedBlocks], [1, 0]);
});

test('a damaged cache is an empty cache', async (t) => {
  const { root, build } = await siteWorld(t, { 'index.md': '# Home\n\n```js\n1\n```\n' });
  await build();
  const clean = await readTree(releaseOf(root));
  for (const name of ['pages.pack', 'code.pack']) await truncate(path.join(root, '.flow/cache', name), 90);
  const again = await build();
  assert.equal(again.details?.renderedPages, 1);
  assert.deepEqual(await readTree(releaseOf(root)), clean);
});

test('a cached page is rendered again when a page it links to appears', async (t) => {
  const { root, build, read } = await siteWorld(t, { 'index.md': '# Home\n\n[b](b.md)\n' });
  await build();
  assert.match(await read('index.html'), /href="b\.md"/);
  await writeFiles(root, { 'b.md': '# B\n' });
  await build();
  assert.match(await read('index.html'), /href="b\.html"/);
});

test('the same commit gives the same bytes in any folder, time zone, locale, umask and file order', async (t) => {
  const files: Record<string, string> = {};
  for (const name of ['ä', 'z', 'a', 'Ö', 'b/ü', 'b/i', '10', '9'])
    files[`${name}.md`] =
      `---\ndate: 2026-03-29\ntags: [b, a]\n---\n# ${name}\n\n\`\`\`js\nlet x = 1\n\`\`\`\n`;
  files['index.md'] = '# Home\n';
  files['feed-list.html'] =
    '---\n---\n{{#each pages as one}}{{ one.title }} {{ one.date }} {{/each}}{{ build.time }}\n';
  const { root } = await siteWorld(t, files);
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], {
      cwd: root,
      env: {
        ...process.env,
        GIT_COMMITTER_DATE: '2026-02-03T04:05:06+09:00',
        GIT_AUTHOR_DATE: '2026-02-03T04:05:06Z',
      },
    });
  git('init', '-q');
  git('add', '.');
  git('commit', '-qm', 'one');
  const other = path.join(await temporaryFolder(t), 'another name');
  await cp(root, other, { recursive: true });
  // Written again in the opposite order, with other times.
  for (const name of Object.keys(files).reverse()) {
    await rm(path.join(other, name));
    await writeFile(path.join(other, name), files[name] ?? '');
    await utimes(path.join(other, name), 1, 1);
  }
  const script = new URL('./build.program.fixture.ts', import.meta.url).pathname;
  const run = (dir: string, umask: string, env: Record<string, string>) =>
    execFileSync('/bin/sh', ['-c', `umask ${umask}; exec "$0" "$1" "$2"`, process.execPath, script, dir], {
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    });
  run(root, '022', { TZ: 'UTC', LC_ALL: 'C' });
  run(other, '077', { TZ: 'Pacific/Auckland', LC_ALL: 'tr_TR.UTF-8', LANG: 'tr_TR.UTF-8' });
  const one = await readTree(releaseOf(root));
  assert.deepEqual(await readTree(releaseOf(other)), one);
  assert.equal(Object.keys(one).length, 14);
  const modes = (dir: string) =>
    execFileSync('find', ['.', '-printf', '%m %p\n'], { cwd: releaseOf(dir) })
      .toString()
      .split('\n')
      .sort();
  assert.deepEqual(modes(other), modes(root));
  assert.match(Buffer.from(one['feed-list.html'] ?? '', 'base64').toString(), /2026-02-02T19:05:06Z/);
});

test('feeds and sitemap: dated pages newest first, drafts and 404 left out, addresses encoded', async (t) => {
  const { build, read, outputs } = await siteWorld(t, {
    'index.md': '# Home & more\n',
    'old.md': '---\ndate: 2025-01-02\ndescription: "<Old> & first"\n---\n# Old\n',
    'ä b.md': '---\ndate: 2026-01-02 10:00 +0200\nupdated: 2026-01-05\n---\n# New\n\nText.\n',
    'draft.md': '---\ndraft: true\ndate: 2026-02-02\n---\n# Draft\n',
    '404.md': '# Not here\n',
    'plain.html': '<!doctype html><title>x</title>',
    'hidden.html': '<!doctype html><meta name="robots" content="noindex"><title>x</title>',
  });
  await build({ site: { url: 'https://example.org/sub' } });
  const feed = await read('feed.xml');
  assert.ok(feed.indexOf('New') < feed.indexOf('Old'));
  assert.match(feed, /<summary>&lt;Old&gt; &amp; first<\/summary>/);
  assert.match(feed, /<link href="https:\/\/example\.org\/sub\/%C3%A4%20b\.html"\/>/);
  assert.match(feed, /<published>2026-01-02T08:00:00Z<\/published>/);
  assert.match(feed, /^ {2}<updated>2026-01-05T00:00:00Z<\/updated>/m);
  assert.doesNotMatch(feed, /Draft/);
  const map = await read('sitemap.xml');
  assert.match(map, /<loc>https:\/\/example\.org\/sub\/<\/loc>/);
  assert.match(map, /plain\.html/);
  assert.doesNotMatch(map, /404|draft|hidden/);
  assert.equal(JSON.parse(await read('feed.json')).items.length, 2);
  assert.ok(!(await outputs()).includes('draft.html'));
  assert.match(await read('404.html'), /href="\/sub\/flow-site\.css"/, 'a 404 page is shown at any depth');
});

test('layouts wrap pages, layouts of layouts, includes, loops and conditions; values are escaped', async (t) => {
  const { build, read } = await siteWorld(t, {
    '_layouts/base.html': '<html>{{> head}}{{{ content }}}</html>',
    '_layouts/post.html':
      '---\nlayout: base\n---\n<article>{{{ content }}}</article>{{#each page.tags as tag}}[{{ tag }}]{{/each}}',
    '_includes/head.html': '<title>{{ page.title }}</title>{{#if data.key}}{{ data.key }}{{else}}none{{/if}}',
    'index.md': '---\ntitle: "A <b>"\nlayout: post\ntags: [x, "<y>"]\n---\ntext {{ not.a.tag }}\n',
    'list.html':
      '---\nlayout: base\ntitle: List\n---\n{{#each pages as one}}<a href="{{ root }}{{ one.url }}">{{ one.title }}</a>{{/each}}',
  });
  await build({ build: { data: { key: '<v>' } } });
  assert.equal(
    await read('index.html'),
    '<html><title>A &lt;b&gt;</title>&lt;v&gt;<article><p>text {{ not.a.tag }}</p>\n</article>[x][&lt;y&gt;]</html>',
  );
  assert.equal(
    await read('list.html'),
    '<html><title>List</title>&lt;v&gt;<a href="./">A &lt;b&gt;</a><a href="./list.html">List</a></html>',
  );
});

test('pages in folders: relative links, images and addresses still lead there', async (t) => {
  const { build, read, outputs } = await siteWorld(t, {
    'index.md': '# Home\n\n[a](guide/a.md) ![p](img/p%20q.png)\n',
    'guide/a.md':
      '# A\n\n[home](../index.md) [self](#x) [b](b.md?y#z) ![p](../img/p%20q.png) [abs](/guide/b.md) [out](https://example.org)\n',
    'guide/b.md': '# B\n',
    'img/p q.png': 'png',
  });
  await build({ build: { pageUrls: 'folder' } });
  assert.deepEqual(await outputs(), [
    'flow-site.css',
    'guide/a/index.html',
    'guide/b/index.html',
    'img/p q.png',
    'index.html',
  ]);
  assert.match(await read('index.html'), /href="guide\/a\/".*src="img\/p%20q\.png"/);
  assert.match(
    await read('guide/a/index.html'),
    /href="\.\.\/\.\.\/">home.*href="#x".*href="\.\.\/b\/\?y#z".*src="\.\.\/\.\.\/img\/p%20q\.png".*href="\.\.\/b\/">abs.*href="https:\/\/example\.org"/s,
  );
});

test('a page beside its translation knows its language and the other one', async (t) => {
  const { build, read } = await siteWorld(t, {
    'README.md': '# Docs\n',
    'g.md': '# Guide\n',
    'g.de.md': '# Anleitung\n',
  });
  await build();
  assert.match(await read('g.de.html'), /<html lang="de">/);
  assert.match(await read('g.de.html'), /hreflang="en" href="\.\/g\.html"/);
  assert.match(await read('g.html'), /hreflang="de" href="\.\/g\.de\.html"/);
  assert.match(await read('index.html'), /<title>Docs<\/title>/);
});

test('what git ignores and what the settings name stays out', async (t) => {
  const { root, build, outputs } = await siteWorld(t, {
    'index.html': '<!doctype html><title>x</title>',
    '.gitignore': 'dist/\n*.log\n',
    'dist/old.html': 'old',
    'debug.log': 'x',
    'notes/private.txt': 'x',
    '_drafts/a.md': '# a',
    _headers: '/*\n',
    '.well-known/security.txt': 'Contact: x',
  });
  execFileSync('git', ['init', '-q'], { cwd: root });
  await build({ build: { ignore: ['notes/**'] } });
  assert.deepEqual(await outputs(), ['.well-known/security.txt', '_headers', 'index.html']);
});

test('the project’s own build runs with a fixed environment, and only what it made now is taken', async (t) => {
  const { build, outputs, read } = await siteWorld(t, {
    'make.sh':
      'mkdir -p dist/_astro && printf "%s %s %s" "$TZ" "$SOURCE_DATE_EPOCH" "$NODE_ENV" > dist/index.html && echo x > dist/_astro/a.js',
    'dist/stale.html': 'from an earlier build',
  });
  const config = { build: { command: 'sh make.sh', output: 'dist' } };
  const env = { PATH: process.env.PATH, SOURCE_DATE_EPOCH: '1700000000' };
  await build(config, { env });
  assert.deepEqual(await outputs(), ['_astro/a.js', 'index.html']);
  assert.equal(await read('index.html'), 'UTC 1700000000 production');
  await assert.rejects(
    build({ build: { command: 'echo broken tool; exit 3' } }, { env }),
    (error) => isFlowFault(error, 'build.command_failed') && error.text.en.includes('broken tool'),
  );
  await assert.rejects(build({ build: { command: 'true', output: 'nowhere' } }, { env }), (error) =>
    isFlowFault(error, 'build.command_output'),
  );
  for (const output of ['.', '..', '/tmp', '.git/x', 'src'])
    await assert.rejects(build({ build: { command: 'true', output } }, { env }), (error) =>
      isFlowFault(error, 'build.output_invalid'),
    );
});

test('a runner that is given takes the place of this machine', async (t) => {
  const { root, build, outputs } = await siteWorld(t, {
    'vite.config.ts': '',
    'package.json': '{"scripts":{"build":"vite build"}}',
  });
  const commands: string[] = [];
  await build(
    {},
    {},
    {
      runCommand: async (command) => {
        commands.push(command);
        await writeFiles(root, { 'dist/index.html': 'made elsewhere' });
        return { code: 0, output: '' };
      },
    },
  );
  assert.deepEqual([commands, await outputs()], [['npm run build'], ['index.html']]);
});

test('a folder with nothing but a finished build enters at step 3, names with _ included', async (t) => {
  const { build, outputs } = await siteWorld(t, {
    'dist/index.html': '<!doctype html><script src="/_astro/a.js"></script>',
    'dist/_astro/a.js': '1',
    'notes.txt': 'no part of it',
  });
  assert.match((await build()).summary.en, /finished build in dist/);
  assert.deepEqual(await outputs(), ['_astro/a.js', 'index.html']);
  const named = await siteWorld(t, { 'index.md': '# x\n', 'made/index.html': '<!doctype html>' });
  await named.build({ build: { output: 'made' } });
  assert.deepEqual(await named.outputs(), ['index.html']);
});

test('a release of the flow is no finished build of somebody else', async (t) => {
  const { build } = await siteWorld(t, { 'build/index.html': '<!doctype html>', 'build/release.json': '{}' });
  await assert.rejects(build(), (error) => isFlowFault(error, 'build.nothing_to_build'));
});

test('a tool without settings of its own is known by the build script, and what it needs is named when it is missing', async (t) => {
  const commands: string[] = [];
  for (const script of ['tsc && vite build', 'astro build', 'npx @11ty/eleventy', 'docusaurus build']) {
    const { build } = await siteWorld(t, {
      'index.html': '<!doctype html><script type="module" src="/src/main.ts"></script>',
      'package.json': JSON.stringify({ scripts: { build: script } }),
    });
    const runCommand: RunCommand = async (command) => {
      commands.push(command);
      return { code: 127, output: 'sh: 1: tsc: not found' };
    };
    await assert.rejects(
      build({}, {}, { runCommand }),
      (error) => isFlowFault(error, 'build.command_failed') && error.fix.en.includes('npm install'),
    );
  }
  assert.deepEqual(commands, Array(4).fill('npm run build'));
  const other = await siteWorld(t, {
    'index.html': '<!doctype html>',
    'package.json': '{"scripts":{"build":"sass main.scss"}}',
  });
  await other.build();
});

test('Hugo is known by its old configuration too', async (t) => {
  const { build } = await siteWorld(t, {
    'config.toml': '',
    'content/_index.md': '# x\n',
    'layouts/_default/list.html': '',
  });
  const commands: string[] = [];
  const runCommand: RunCommand = async (command) => {
    commands.push(command);
    return { code: 1, output: '' };
  };
  await assert.rejects(build({}, {}, { runCommand }));
  assert.deepEqual(commands, ['hugo']);
});

test('clean refuses to empty a folder that is no release', async (t) => {
  const { root, build } = await siteWorld(t, { 'index.md': '# x\n', 'out/photo.jpg': 'precious' });
  await assert.rejects(build(), (error) => isFlowFault(error, 'build.output_not_empty'));
  await assert.rejects(build({}, { outDir: root, releaseDir: root }), (error) =>
    isFlowFault(error, 'build.output_not_empty'),
  );
  await symlink('/etc', path.join(root, 'link'));
  await assert.rejects(
    build({}, { outDir: path.join(root, 'link'), releaseDir: path.join(root, 'link') }),
    (error) => isFlowFault(error, 'build.output_not_empty'),
  );
});
