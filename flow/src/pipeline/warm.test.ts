import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { parseFlowConfig } from '../core/config.ts';
import { checksumsName } from '../core/layout.ts';
import { temporaryFolder } from '../testing/release.ts';
import { runPipeline } from './pipeline.ts';

/** A release of the folder; its sums name every byte of it. */
async function build(rootDir: string, outDir = path.join(rootDir, '.flow/release')): Promise<string> {
  const { fault } = await runPipeline({
    rootDir,
    outDir,
    config: parseFlowConfig({ hash: { unresolved: 'warn' }, site: { url: 'https://example.org/' } }),
    environment: 'prod',
    dryRun: false,
    steps: ['clean', 'build', 'hash', 'worker', 'metadata'],
    env: {},
    signal: new AbortController().signal,
    report: () => undefined,
    now: () => new Date(0),
  });
  assert.equal(fault, null, String(fault));
  return readFileSync(path.join(outDir, checksumsName), 'utf8');
}

async function cold(t: TestContext, rootDir: string): Promise<string> {
  const copy = await temporaryFolder(t);
  cpSync(rootDir, copy, { recursive: true, filter: (file) => path.basename(file) !== '.flow' });
  return build(copy);
}

function writeSite(rootDir: string): void {
  for (let page = 0; page < 12; page += 1)
    put(rootDir, `part-${page % 3}/page-${page}.md`, pageText(page, 0));
  put(
    rootDir,
    'index.html',
    '<!doctype html><title>Home</title><link rel="stylesheet" href="style.css"><script type="module" src="a.js"></script><p>plain.png',
  );
  put(rootDir, 'style.css', '@import "more.css"; body { background: url(plain.png) }');
  put(rootDir, 'more.css', 'p { color: red }');
  put(rootDir, 'a.js', 'import "./b.js";');
  put(rootDir, 'b.js', 'import "./a.js"; export const text = 1;');
  put(rootDir, 'plain.png', 'picture');
}

function pageText(page: number, edition: number): string {
  return `# Page ${page}\n\n[next](page-${page + 3}.md) ![](../plain.png)\n\n\`\`\`js\nconst a = ${edition % 4};\n\`\`\`\n\nText ${edition}\n`;
}

function put(rootDir: string, file: string, text: string): void {
  const full = path.join(rootDir, file);
  mkdirSync(path.dirname(full), { recursive: true });
  writeFileSync(full, text);
}

/** Numbers that look random and are the same in every run (linear congruential, Numerical Recipes). */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const edits: ReadonlyArray<(rootDir: string, pick: (below: number) => number) => void> = [
  (root, pick) => {
    const page = pick(12);
    put(root, `part-${page % 3}/page-${page}.md`, pageText(page, pick(1_000)));
  },
  (root, pick) => put(root, 'more.css', `p { color: rgb(${pick(255)} 0 0) }`),
  (root, pick) => put(root, 'b.js', `import "./a.js"; export const text = ${pick(1_000)};`),
  (root, pick) => put(root, 'plain.png', `picture ${pick(1_000)}`),
  (root, pick) => put(root, `part-0/new-${pick(3)}.md`, '# New\n\nplain.png is named here, and style.css.\n'),
  (root, pick) => rmSync(path.join(root, `part-0/new-${pick(3)}.md`), { force: true }),
  (root, pick) =>
    put(
      root,
      '_layouts/default.html',
      `<!doctype html><title>{{ page.title }}</title><link rel="stylesheet" href="{{ root }}style.css">${pick(9)}{{{ content }}}`,
    ),
  (root) => put(root, 'odd name.txt', 'a text with an extension that was not there'),
];

test('after any series of edits a warm build gives the bytes of a cold one', async (t) => {
  const root = await temporaryFolder(t);
  writeSite(root);
  await build(root);
  const pick = numbers(7);
  for (let round = 0; round < 10; round += 1) {
    const done = Array.from({ length: 1 + pick(3) }, () => pick(edits.length));
    for (const index of done) edits[index]?.(root, pick);
    assert.equal(await build(root), await cold(t, root), `round ${round}, edits ${done.join(', ')}`);
  }
});

test('a cache that was cut, changed or filled by another version counts as empty', async (t) => {
  const root = await temporaryFolder(t);
  writeSite(root);
  const right = await build(root);
  const cacheDir = path.join(root, '.flow/cache');
  const packs = readdirSync(cacheDir).filter((name) => name.endsWith('.pack'));
  assert.deepEqual(packs.sort(), ['code.pack', 'pages.pack', 'scans.pack']);
  for (const name of packs) {
    const file = path.join(cacheDir, name);
    const whole = readFileSync(file);
    const flipped = Buffer.from(whole);
    flipped[whole.length - 5] = (flipped[whole.length - 5] ?? 0) ^ 1;
    for (const broken of [
      Buffer.alloc(0),
      whole.subarray(0, whole.length >> 1),
      flipped,
      Buffer.from('x\n'),
    ]) {
      // Pages that are found whole ask for no block: code.pack is only looked at without them.
      if (name === 'code.pack') rmSync(path.join(cacheDir, 'pages.pack'), { force: true });
      writeFileSync(file, broken);
      assert.equal(await build(root), right, name);
    }
  }
});

test('what a build that was killed while writing its cache left is removed', async (t) => {
  const root = await temporaryFolder(t);
  writeSite(root);
  put(root, '.flow/cache/scans.pack.999999999.draft', 'half');
  await build(root);
  assert.deepEqual(
    readdirSync(path.join(root, '.flow/cache')).filter((name) => name.endsWith('.draft')),
    [],
  );
});

test('two builds of one folder at once: one waits its turn or is refused, and both folders are whole', async (t) => {
  const root = await temporaryFolder(t);
  writeSite(root);
  const right = await build(root);
  const outs = ['one', 'two'].map((name) => path.join(root, '.flow', name));
  const done = await Promise.allSettled(outs.map((out) => build(root, out)));
  assert.ok(done.some((one) => one.status === 'fulfilled'));
  for (const one of done) {
    if (one.status === 'fulfilled') assert.equal(one.value, right);
    else assert.match(String(one.reason), /lock/);
  }
  assert.equal(await build(root), right);
});
