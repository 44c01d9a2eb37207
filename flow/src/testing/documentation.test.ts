import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import test from 'node:test';

const SOURCES = new URL('../', import.meta.url);
/** Which page explains the faults of which folders. */
const PAGES: Readonly<Record<string, readonly string[]>> = {
  'flow-deploy': ['checks', 'deploy', 'releases', 'purge', 'verify', 'headers', 'init'],
  flow: ['core', 'pipeline', 'hash', 'worker', 'metadata', 'command'],
};

async function faultCodes(folders: readonly string[]): Promise<Set<string>> {
  const codes = new Set<string>();
  for (const folder of folders) {
    const names = await readdir(new URL(`${folder}/`, SOURCES), { recursive: true });
    for (const name of names.filter((one) => one.endsWith('.ts') && !one.endsWith('.test.ts'))) {
      const text = await readFile(new URL(`${folder}/${name}`, SOURCES), 'utf8');
      for (const match of text.matchAll(/new FlowFault\(\s*'([a-z_.0-9]+)'/g)) codes.add(match[1] ?? '');
    }
  }
  return codes;
}

for (const [name, folders] of Object.entries(PAGES)) {
  for (const page of [`${name}.md`, `${name}.de.md`]) {
    test(`docs/guides/${page} explains every fault of ${folders.join(', ')}`, async () => {
      const text = await readFile(new URL(`../../docs/guides/${page}`, SOURCES), 'utf8');
      const codes = [...(await faultCodes(folders))];
      assert.ok(codes.length > 15);
      assert.deepEqual(
        codes.filter((code) => !text.includes(`\`${code}\``)),
        [],
      );
    });
  }
}
