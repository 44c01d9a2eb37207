import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { isFlowFault } from '../core/fault.ts';
import { temporaryFolder } from '../testing/release.ts';
import { readStaticConfig } from './static-config.ts';

async function read(t: TestContext, text: string) {
  const root = await temporaryFolder(t);
  await writeFile(path.join(root, 'flow.config.ts'), text);
  return readStaticConfig(root);
}

test('plain values are read as the module would give them', async (t) => {
  const config = await read(
    t,
    `import type { FlowConfigInput } from 'x';
const title = 'A';
const site = { title, url: \`https://example.org/\` };
export default { site, build: { ignore: ['a', "b"], feed: false, data: { n: -1, list: [1, null] } } } satisfies FlowConfigInput;`,
  );
  assert.deepEqual(
    [config.site.title, config.site.url, config.build.feed],
    ['A', 'https://example.org/', false],
  );
  assert.deepEqual(config.build.data, { n: -1, list: [1, null] });
  assert.equal((await read(t, 'export default defineConfig({ site: { title: "B" } })')).site.title, 'B');
  assert.equal(readStaticConfig(await temporaryFolder(t)).site.language, 'en', 'no file: the defaults');
});

test('what would have to run is refused with its place', async (t) => {
  for (const value of [
    'process.env.HOME',
    'require("fs").readFileSync("/etc/passwd", "utf8")',
    '`$'.concat('{1}`'),
    '"a" + "b"',
    '(() => "x")()',
    'await import("node:fs")',
    'globalThis',
    '/x/',
  ]) {
    await assert.rejects(
      read(t, `export default {\n  site: { title: ${value} } };`),
      (error) => isFlowFault(error, 'flow.config_not_plain') && error.place.line === 2,
      value,
    );
  }
  for (const object of ['{ ...x }', '{ get site() { return 1 } }', '{ ["site"]: 1 }', '{ site() {} }'])
    await assert.rejects(
      read(t, `export default ${object};`),
      (error) => isFlowFault(error, 'flow.config_not_plain'),
      object,
    );
  await assert.rejects(read(t, 'export default {'), (error) => isFlowFault(error, 'flow.config_not_plain'));
  await assert.rejects(read(t, 'const a = b; const b = a; export default { site: a };'), (error) =>
    isFlowFault(error, 'flow.config_not_plain'),
  );
  await assert.rejects(read(t, 'export default { sit: {} };'), (error) =>
    isFlowFault(error, 'flow.config_unknown_key'),
  );
});
