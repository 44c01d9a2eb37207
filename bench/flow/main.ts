import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { median } from '../support/median.ts';
import { realPages, writeFlowConfig, writeSites } from './corpus.ts';
import { type Cost, measure, together } from './measure.ts';

/**
 * A release of 550 real Markdown pages against Eleventy and Hugo on the same tree with the same layout and highlight.js, and
 * of static pages: user CPU, wall time, memory; interleaved, medians of `rounds`. The flow's figures hold the hashing,
 * sums and metadata of steps 3 to 5, which the others don't do. `node bench/flow/main.ts [rounds]`
 */
const rounds = Number(process.argv[2] ?? 5);
const STATIC_PAGES = 2_000;
const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const eleventy = here('../../node_modules/@11ty/eleventy/cmd.cjs');
const folder = mkdtempSync(path.join(tmpdir(), 'cds-bench-flow-'));
const node = process.execPath;
const env = { BENCH_PACKAGES: here('../package.json'), NODE_COMPILE_CACHE: path.join(folder, 'compiled') };

function writeStaticSite(dir: string): void {
  mkdirSync(dir, { recursive: true });
  const paragraph = '<p>Some text of an ordinary page, with <a href="page-1.html">a link</a>.</p>\n'.repeat(
    60,
  );
  const head = '<link rel="stylesheet" href="style.css"><script src="app.js" defer></script>';
  for (let index = 0; index < STATIC_PAGES; index += 1) {
    const html = `<!doctype html><html lang="en"><head><title>Page ${index}</title>${head}</head><body><h1>Page ${index}</h1><img src="logo.svg" alt="">${paragraph}</body></html>\n`;
    writeFileSync(path.join(dir, index === 0 ? 'index.html' : `page-${index}.html`), html);
  }
  writeFileSync(path.join(dir, 'style.css'), 'body { background: url(logo.svg) }\n');
  writeFileSync(path.join(dir, 'app.js'), 'document.title += "";\n');
  writeFileSync(path.join(dir, 'logo.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>\n');
}

const command = here('../../flow/bin/cds-flow.mjs');
const flow = (dir: string) => measure([node, command, 'build'], { cwd: path.join(folder, dir), env });
const clear = (name: string) => rmSync(path.join(folder, name), { recursive: true, force: true });

const runs: Readonly<Record<string, () => Cost>> = {
  'flow, cold': () => {
    clear('flow/.flow');
    return flow('flow');
  },
  'flow, warm': () => flow('flow'),
  'flow, one page changed': () => {
    appendFileSync(path.join(folder, 'flow/section-05/page-260.md'), '\nOne more line.\n');
    return flow('flow');
  },
  Eleventy: () => {
    clear('eleventy/_site');
    return measure([node, eleventy, '--config', 'eleventy.config.mjs'], {
      cwd: path.join(folder, 'eleventy'),
      env,
    });
  },
  'Hugo + highlight.js': () => {
    const cwd = path.join(folder, 'hugo');
    clear('hugo/public');
    const built = measure(['hugo', '--config', 'highlight-js.toml'], { cwd });
    return together(built, measure([node, here('./highlight-html.mjs'), 'public'], { cwd, env }));
  },
  'Hugo with its own Chroma': () => {
    clear('hugo/public');
    return measure(['hugo', '--config', 'chroma.toml'], { cwd: path.join(folder, 'hugo') });
  },
  'flow, static pages': () => {
    clear('static/.flow');
    return flow('static');
  },
};

try {
  const pages = realPages();
  writeSites(folder, pages);
  writeStaticSite(path.join(folder, 'static'));
  for (const dir of ['flow', 'static']) writeFlowConfig(path.join(folder, dir));
  const costs = new Map<string, Cost[]>(Object.keys(runs).map((name) => [name, []]));
  for (let round = -1; round < rounds; round += 1) {
    for (const [name, run] of Object.entries(runs)) {
      const cost = run();
      // The first round fills Node's compile cache, for the peers as well.
      if (round >= 0) costs.get(name)?.push(cost);
    }
  }
  const middle = (name: string, key: keyof Cost) => median((costs.get(name) ?? []).map((cost) => cost[key]));
  process.stdout.write(
    `${pages.size + 1} Markdown pages, ${STATIC_PAGES} static pages, medians of ${rounds}\n`,
  );
  for (const name of Object.keys(runs))
    process.stdout.write(
      `${name.padEnd(26)} ${middle(name, 'userSeconds').toFixed(2)} s user  ${middle(name, 'wallSeconds').toFixed(2)} s wall  ${middle(name, 'memoryMiB').toFixed(0)} MiB\n`,
    );
  for (const peer of ['Eleventy', 'Hugo + highlight.js', 'Hugo with its own Chroma'])
    for (const own of ['flow, cold', 'flow, warm', 'flow, one page changed'])
      process.stdout.write(
        `${peer} / ${own}: ${(middle(peer, 'userSeconds') / middle(own, 'userSeconds')).toFixed(2)}\n`,
      );
  process.stdout.write(
    `static pages per CPU second: ${Math.round(STATIC_PAGES / middle('flow, static pages', 'userSeconds'))}\n`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
