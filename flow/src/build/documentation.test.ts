import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import test from 'node:test';

const SOURCES = new URL('../', import.meta.url);

async function faultCodes(): Promise<Set<string>> {
  const codes = new Set<string>();
  for (const folder of ['build', 'serve']) {
    const names = await readdir(new URL(`${folder}/`, SOURCES), { recursive: true });
    for (const name of names.filter((one) => one.endsWith('.ts') && !one.endsWith('.test.ts'))) {
      const text = await readFile(new URL(`${folder}/${name}`, SOURCES), 'utf8');
      for (const match of text.matchAll(/'((?:build|serve)\.[a-z_0-9]+)'/g)) codes.add(match[1] ?? '');
    }
  }
  return codes;
}

for (const page of ['flow-build.md', 'flow-build.de.md']) {
  test(`docs/guides/${page} explains every fault of the build and the servers`, async () => {
    const text = await readFile(new URL(`../../docs/guides/${page}`, SOURCES), 'utf8');
    const codes = [...(await faultCodes())];
    assert.ok(codes.length > 20);
    assert.deepEqual(
      codes.filter((code) => !text.includes(`\`${code}\``)),
      [],
    );
  });
}
