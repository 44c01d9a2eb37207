import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { checkBoundaries } from './boundaries.ts';

function repository(files: Record<string, string>): { root: string } & Disposable {
  const root = mkdtempSync(path.join(tmpdir(), 'boundaries-'));
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), text);
  }
  return { root, [Symbol.dispose]: () => rmSync(root, { recursive: true }) };
}

const planted: Record<string, [file: string, text: string]> = {
  'a value import of another module': [
    'server/src/modules/auth/service.ts',
    "import { x } from '../ledger/service.ts';",
  ],
  'a # import of a higher contract': [
    'server/src/modules/auth/service.ts',
    "import { x } from '#modules/gateway/contract.ts';",
  ],
  'a dynamic import': [
    'server/src/modules/auth/service.ts',
    "const x = await import('#modules/ledger/store.ts');",
  ],
  'a type-only import past the contract': [
    'server/src/modules/auth/service.ts',
    "import type { X } from '#modules/ledger/store.ts';",
  ],
  'a re-export': ['server/src/modules/auth/service.ts', "export { x } from '#modules/ledger/store.ts';"],
  'a module that composes': [
    'server/src/modules/auth/service.ts',
    "import { compose } from '#kernel/compose.ts';",
  ],
  'a kernel that knows a module': [
    'server/src/kernel/x.ts',
    "import { x } from '#modules/auth/contract.ts';",
  ],
  'a base that uses Node': ['server/src/base/x.ts', "import fs from 'node:fs';"],
  'a contract with npm code': ['server/src/modules/auth/contract.ts', "import pg from 'pg';"],
  'a studio with a value import': [
    'studio/src/x.ts',
    "import { c } from '@cyberdevstudio/server/modules/auth/contract.ts';",
  ],
  'flow that needs the server': ['flow/src/x.ts', "import { c } from '@cyberdevstudio/server/base/ids.ts';"],
};

for (const [name, [file, text]] of Object.entries(planted)) {
  test(`finds ${name}`, () => {
    using house = repository({ [file]: `// first line\n${text}\n` });
    const { violations } = checkBoundaries(house.root);
    assert.equal(violations.length, 1);
    assert.equal(violations[0]?.from, file);
    assert.equal(violations[0]?.line, 2);
  });
}

test('accepts what the floors allow', () => {
  using house = repository({
    'server/src/modules/auth/service.ts':
      "import { z } from 'zod';\nimport { ledgerContract } from '#modules/ledger/contract.ts';\nimport { fault } from '#base/fault.ts';",
    'server/src/modules/auth/service.test.ts': "import { ledger } from '#modules/ledger/module.ts';",
    'studio/src/x.ts': "import type { C } from '@cyberdevstudio/server/modules/auth/contract.ts';",
    'server/src/processes/all.ts': "import { auth } from '../modules/auth/module.ts';",
  });
  assert.deepEqual(checkBoundaries(house.root).violations, []);
});

test('refuses to call an empty folder clean', () => {
  using house = repository({ 'README.md': '' });
  assert.throws(() => checkBoundaries(house.root), /no source files/);
});

test('refuses a module without a rank', () => {
  using house = repository({ 'server/src/modules/stray/service.ts': 'export const x = 1;' });
  assert.throws(() => checkBoundaries(house.root), /stray/);
});

test('finds files that import each other in a circle, once, and lets types be', () => {
  using house = repository({
    'flow/src/a.ts': "import { b } from './b.ts';\n",
    'flow/src/b.ts': "import { c } from './c.ts';\n",
    'flow/src/c.ts': "import { a } from './a.ts';\nimport type { D } from './d.ts';\n",
    'flow/src/d.ts': "import { c } from './c.ts';\n",
  });
  const { violations } = checkBoundaries(house.root);
  assert.deepEqual(violations.map(({ from, specifier }) => `${from} ${specifier}`).sort(), [
    'flow/src/a.ts ./b.ts',
    'flow/src/b.ts ./c.ts',
    'flow/src/c.ts ./a.ts',
  ]);
});
