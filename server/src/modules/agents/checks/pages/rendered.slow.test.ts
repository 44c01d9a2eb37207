import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import test from 'node:test';
import { createSyntax } from '#kernel/syntax/syntax.ts';
import { sandboxContract } from '#modules/sandbox/contract.ts';
import { agentWorld } from '../../testing/agent-world.ts';
import type { CheckContext } from '../check.ts';
import { checkRenderedPages } from './rendered.ts';

const skip = !existsSync('/usr/bin/chromium') && 'missing: chromium (apt-get install chromium)';
const page = (body: string, head = '') =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>T</title>${head}</head><body>${body}</body></html>`;

test('pages are rendered without network; contrast and structure are judged as they appear', {
  skip,
  timeout: 600_000,
}, async (t) => {
  let asked = 0;
  const server = createServer((_request, response) => {
    asked += 1;
    response.end('x');
  }).listen(0, '127.0.0.1');
  t.after(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const files = {
    'good.html': page(
      '<main><h1>Good</h1><p style="color:#333">dark</p><img src="x.png" alt="x"><form><label for="a">A</label><input id="a"></form></main>',
    ),
    'style.css': '.weak { color: #999; } body { background: #fff; } .dark { background: #111; color: #eee; }',
    'styled.html': page(
      '<main><h1>S</h1><p class="weak">hardly read</p><div class="dark"><p>fine</p></div></main>',
      '<link rel="stylesheet" href="style.css">',
    ),
    'bad.html': page(
      '<h2>No</h2><h4>jump</h4><img src="x.png"><input><button></button><p style="opacity:.3">faint</p><div style="width:900px">wide</div>',
    ),
    'hostile.html': page(
      `<main><h1>H</h1><p style="color:#bbb">weak</p></main><script>document.createTreeWalker = () => { throw 1; }; JSON.stringify = () => '[]'; fetch('http://127.0.0.1:${port}/'); new Image().src = 'http://127.0.0.1:${port}/i';</script>`,
    ),
    'endless.html': page('<main><h1>E</h1></main><script>for (;;);</script>'),
    'part.html': '<p style="color:#eee;background:#fff">a part</p>',
  };
  await using at = await agentWorld(files, () => ({ text: '' }));
  const call = () => at.world.call(at.owner);
  const run = async ({ command, args }: { command: string; args: string[] }) => {
    const limits = { memoryBytes: 1024 ** 3, processes: 256, outputBytes: 262_144 };
    const result = await at.world
      .client(sandboxContract)
      .call('run.exec', { projectId: at.projectId, command, args, timeoutMs: 300_000, limits }, call());
    return {
      exitCode: result.exitCode,
      output: `${result.stdout}\n${result.stderr}`,
      timedOut: result.timedOut,
    };
  };
  const check = async (...changed: string[]) => {
    const context = {
      syntax: createSyntax(),
      bench: { run, list: async () => Object.keys(files), read: async (path: string) => at.read(path) },
      changes: async () =>
        changed.map((path) => ({ path, baseHash: null, afterHash: 'x', executable: false })),
    } as unknown as CheckContext;
    const result = await checkRenderedPages(context);
    return result.passed ? (result.note ?? null) : result.output;
  };
  assert.equal(await check('good.html', 'part.html'), null);
  assert.match(
    (await check('style.css')) ?? '',
    /^styled\.html: the contrast of "hardly read" in <p\.weak> is 2\.85:1/,
  );
  const bad = (await check('bad.html')) ?? '';
  for (const problem of [
    /one main/,
    /one h1/,
    /jumps from h2 to h4/,
    /<img> has no alt/,
    /<input> has no label/,
    /<button> has no name/,
    /"faint"/,
    /wider than its window of 360/,
  ])
    assert.match(bad, problem);
  assert.match((await check('hostile.html')) ?? '', /the contrast of "weak"/);
  assert.match((await check('endless.html')) ?? '', /does not finish loading|cannot be looked at/);
  assert.equal(asked, 0);
});
