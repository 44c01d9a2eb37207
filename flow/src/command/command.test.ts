import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import type { FlowReport } from '../pipeline/report.ts';
import { cdsFlow } from '../testing/command.ts';
import { writeFiles } from '../testing/reference-site.ts';
import { temporaryFolder } from '../testing/release.ts';
import { isShortRun } from './short-run.ts';

const page =
  '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>t</title><link rel="stylesheet" href="a.css"></head><body><h1>t</h1></body></html>';
const site = { 'index.html': page, 'a.css': 'a{color:red}' };

test('an ordinary folder becomes a release without any configuration', async (t) => {
  const root = await temporaryFolder(t);
  await writeFiles(root, site);
  const { code, errors, output } = await cdsFlow(root, []);
  assert.equal(code, 0, errors);
  for (let step = 1; step <= 8; step += 1) assert.ok(errors.includes(`[${step}/8]`));
  assert.match(output, /^Done: .*\.flow\/release$/m);
  const files = await readdir(path.join(root, '.flow/release'));
  assert.ok(files.some((file) => /^a\.h-[0-9a-f]{12}\.css$/.test(file)));
  assert.equal((await cdsFlow(root, ['verify-release'])).code, 0);
  await writeFile(path.join(root, '.flow/release/added.js'), '');
  const tampered = await cdsFlow(root, ['verify-release', '.flow/release']);
  assert.equal(tampered.code, 1);
  assert.match(tampered.errors, /added\.js/);
});

test('one page and one finding are told as one', async (t) => {
  const root = await temporaryFolder(t);
  await writeFiles(root, { 'index.html': '<!doctype html><html lang="en"><title>t</title>' });
  assert.match((await cdsFlow(root, ['build'])).errors, / 1 page, 1 file; 0 unchanged\./);
  assert.match(
    (await cdsFlow(root, ['check', 'html', '--lang', 'de'])).output,
    /^1 Datei geprüft, 1 Befund\.$/m,
  );
});

test('build --out twice gives the same bytes, whatever the time zone, the locale and the first release beside it', async (t) => {
  const root = await temporaryFolder(t);
  await writeFiles(root, {
    ...site,
    'post.md': '---\ntitle: Über\ndate: 2026-01-02\n---\n# Über\n\n```js\nlet a = 1;\n```\n',
  });
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=T', '-c', 'user.email=t@example.org', ...args], { cwd: root });
  git('init', '-q');
  git('add', '.');
  git('commit', '-q', '-m', 'one');
  const program = fileURLToPath(new URL('../../bin/cds-flow.mjs', import.meta.url));
  for (const [out, env] of [
    ['release-one', { TZ: 'UTC', LC_ALL: 'C' }],
    ['release-two', { TZ: 'Pacific/Auckland', LC_ALL: 'de_DE.UTF-8' }],
  ] as const)
    execFileSync(process.execPath, [program, 'build', '--out', out], {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: 'ignore',
    });
  execFileSync('diff', ['-r', 'release-one', 'release-two'], { cwd: root });
  const manifest = JSON.parse(await readFile(path.join(root, 'release-two/release.json'), 'utf8')) as {
    dirty: boolean;
    commit: string | null;
  };
  assert.equal(manifest.dirty, false);
  assert.notEqual(manifest.commit, null);
});

test('--json prints the report alone, --report writes it, --dry-run changes nothing', async (t) => {
  const root = await temporaryFolder(t);
  await writeFiles(root, site);
  const before = await readdir(root);
  const { output, code } = await cdsFlow(root, ['--dry-run', '--json']);
  assert.equal(code, 0);
  const report = JSON.parse(output) as FlowReport;
  assert.equal(report.outcome, 'planned');
  assert.equal(report.steps.length, 8);
  assert.deepEqual(await readdir(root), before);
  await cdsFlow(root, ['build', '--report', 'report.json']);
  assert.equal(
    (JSON.parse(await readFile(path.join(root, 'report.json'), 'utf8')) as FlowReport).outcome,
    'done',
  );
});

test('a failure names file, line, column and the fix, and the exit code is 1', async (t) => {
  const root = await temporaryFolder(t);
  await writeFiles(root, { 'index.html': page.replace('<h1>', '\n<img src="no.png"><h1>') });
  const { code, errors } = await cdsFlow(root, ['build']);
  assert.equal(code, 1);
  assert.match(errors, /index\.html:1:\d+: link rel=stylesheet "a\.css" leads to no file/);
  assert.match(
    errors,
    /index\.html:2:11: img src "no\.png" leads to no file: there is no no\.png\. \(hash\.unresolved\)\n {2}fix: /,
  );
});

test('a failure in a page made of Markdown names the Markdown file and its line', async (t) => {
  const root = await temporaryFolder(t);
  await writeFiles(root, {
    'site/index.md': '---\ntitle: x\n---\n# Häuser\n\ncasino.png and\n![a](no.png) ![b](<ein haus ö.png>)\n',
    'site/_layouts/default.html': '<!doctype html><img src="logo.png">{{{ content }}}',
  });
  const { code, errors } = await cdsFlow(root, ['build']);
  assert.equal(code, 1);
  assert.match(errors, /^site\/index\.md:7:6: img src "no\.png" leads to no file/m);
  assert.match(errors, /^site\/index\.md:7:20: img src "ein%20haus/m);
  assert.match(
    errors,
    /^index\.html:1:26: In the page that site\/index\.md and its layout make, img src "logo\.png" leads/m,
  );
});

test('wrong command lines are told in the caller’s language and end with 2', async (t) => {
  const root = await temporaryFolder(t);
  for (const argv of [
    ['nonsense'],
    ['build', 'extra'],
    ['--nope'],
    ['check', 'nope'],
    ['--env', 'moon'],
    ['headers', 'iis'],
    ['init', 'nope'],
    ['check', '--write'],
    ['diff', 'a', 'b', 'c'],
    ['constructor'],
  ]) {
    assert.equal((await cdsFlow(root, argv)).code, 2, argv.join(' '));
  }
  assert.match((await cdsFlow(root, ['nonsense'])).errors, /^There is no command "nonsense"/);
  assert.match((await cdsFlow(root, ['--version'])).output, /^\d+\.\d+\.\d+/);
  assert.match((await cdsFlow(root, ['check', 'nope', '--lang', 'de'])).errors, /gibt es nicht/);
  assert.match((await cdsFlow(root, ['help', '--lang=de'])).output, /^Aufruf/);
  assert.equal((await cdsFlow(root, ['build', '--help'])).code, 0);
});

test('check finds, prints SARIF and plain text, fixes with --fix --write; only named files when they are given', async (t) => {
  const root = await temporaryFolder(t);
  await writeFiles(root, { 'a.md': '# Käse\n', 'b.md': Buffer.from('# KÃ¤se fÃ¼r alle\n') });
  const plain = await cdsFlow(root, ['check', 'encoding']);
  assert.equal(plain.code, 1);
  assert.match(plain.output, /^b\.md:1:/m);
  const sarif = JSON.parse((await cdsFlow(root, ['check', 'encoding', '--format', 'sarif'])).output) as {
    version: string;
  };
  assert.equal(sarif.version, '2.1.0');
  assert.equal((await cdsFlow(root, ['check', 'encoding', '--', 'a.md'])).code, 0);
  assert.equal((await cdsFlow(root, ['check', 'encoding', '--fix', '--write'])).code, 0);
  assert.equal(await readFile(path.join(root, 'b.md'), 'utf8'), '# Käse für alle\n');
});

test('headers prints rules for every server, init prepares the folder', async (t) => {
  const root = await temporaryFolder(t);
  await writeFiles(root, {
    'flow.config.ts': "export default { deploy: { targets: [{ kind: 'local', path: 'www' }] } };",
  });
  assert.match(
    (await cdsFlow(root, ['headers', 'nginx', '--listen', '8080', '--server-name', 'example.org'])).output,
    new RegExp(`listen 8080;[\\s\\S]*root "${root}/www/current"`),
  );
  assert.match(
    (await cdsFlow(root, ['headers', 'caddy', '--server-name', 'example.org'])).output,
    /^example\.org \{/,
  );
  assert.match((await cdsFlow(root, ['headers', 'cloudflare'])).output, /Cache-Control/);
  assert.match((await cdsFlow(root, ['headers', 'netlify'])).output, /nosniff/);
  const { code, output } = await cdsFlow(root, ['init', 'make', '--dry-run']);
  assert.equal(code, 0);
  assert.match(output, /flow\.mk/);
});

test('a symbolic link out of the site never gets into a release', async (t) => {
  const root = await temporaryFolder(t);
  const outside = await temporaryFolder(t);
  await writeFile(path.join(outside, 'secret.txt'), 'secret');
  await writeFiles(root, site);
  await symlink(path.join(outside, 'secret.txt'), path.join(root, 'linked.txt'));
  const { code, errors } = await cdsFlow(root, ['build']);
  const made = code === 0 ? await readdir(path.join(root, '.flow/release')) : [];
  assert.ok(!made.includes('linked.txt'));
  assert.match(errors, /linked\.txt/);
});

test('a project with its own build enters at step 3', async (t) => {
  const root = await temporaryFolder(t);
  await mkdir(path.join(root, 'src'));
  await writeFiles(root, {
    'build.mjs': `import { mkdirSync, writeFileSync } from 'node:fs'; mkdirSync('dist', { recursive: true }); writeFileSync('dist/index.html', ${JSON.stringify(page)}); writeFileSync('dist/a.css', 'a{}');`,
    'flow.config.ts': "export default { build: { command: 'node build.mjs', output: 'dist' } };",
  });
  const { code, errors } = await cdsFlow(root, ['build'], {
    environment: { ...process.env, PATH: `${path.dirname(process.execPath)}:${process.env.PATH}` },
  });
  assert.equal(code, 0, errors);
  assert.ok((await readdir(path.join(root, '.flow/release'))).some((file) => file.startsWith('a.h-')));
});

test('only a command that makes a release and ends does without V8’s slowest compiler', () => {
  for (const argv of [[], ['run'], ['build', '--out', 'x'], ['--dry-run']]) assert.ok(isShortRun(argv));
  for (const argv of [['dev'], ['staging'], ['check', 'all']]) assert.ok(!isShortRun(argv));
});

test('a command loads neither servers nor parsers that it does not use', async (t) => {
  const root = await temporaryFolder(t);
  await writeFiles(root, { ...site, 'post.md': '# Post\n' });
  const program = fileURLToPath(new URL('../../bin/cds-flow.mjs', import.meta.url));
  const show = "data:text/javascript,process.on('exit',()=>console.log(process.moduleLoadList.join()))";
  const loaded = execFileSync(process.execPath, ['--import', show, program, 'build', '--root', root], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  assert.match(loaded, /NativeModule fs/);
  assert.doesNotMatch(loaded, /NativeModule (?:_http_server|internal\/deps\/undici\/undici|tls)\b/);
});
