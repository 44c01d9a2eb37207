import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { importAdvisoriesOffline } from '../../offline.ts';
import { advisoriesFolder, importAdvisories, openAdvisories } from './advisories.ts';
import { createAudit } from './audit.ts';
import { readLockFile } from './lock-files.ts';
import { compareVersions } from './versions.ts';

const osv = (id: string, name: string, events: object[], more: object = {}) => ({
  id,
  summary: `Trouble in ${name}`,
  aliases: ['CVE-2024-1'],
  database_specific: { severity: 'HIGH' },
  affected: [{ package: { ecosystem: 'npm', name }, ranges: [{ type: 'SEMVER', events }] }],
  ...more,
});
const range = [{ introduced: '0' }, { fixed: '4.17.21' }];

async function folder(t: { after(undo: () => Promise<void>): void }): Promise<string> {
  const made = await mkdtemp(path.join(tmpdir(), 'cds-advisories-'));
  t.after(() => rm(made, { recursive: true, force: true }));
  return made;
}

test('versions are ordered as npm and Python order them', () => {
  const orders = {
    npm: [
      '1.0.0-alpha',
      '1.0.0-alpha.1',
      '1.0.0-alpha.beta',
      '1.0.0-rc.2',
      '1.0.0-rc.10',
      '1.0.0',
      '1.2.0',
      '1.10.0',
      '10.0.0',
    ],
    PyPI: ['1.0.dev1', '1.0a1', '1.0b2', '1.0rc1', '1.0', '1.0.post1', '1.0.1', '1.2', '1.10', '1!0.1'],
  } as const;
  for (const [ecosystem, versions] of Object.entries(orders)) {
    for (const [index, version] of versions.entries()) {
      const next = versions[index + 1];
      const compare = (a: string, b: string) => compareVersions(ecosystem as 'npm' | 'PyPI', a, b);
      assert.equal(compare(version, version), 0);
      if (next !== undefined)
        assert.ok(compare(version, next) < 0 && compare(next, version) > 0, `${version} < ${next}`);
    }
  }
  assert.equal(compareVersions('PyPI', '1.0', '1.0.0'), 0);
  assert.ok(compareVersions('npm', 'nonsense', '0.0.0') < 0);
});

const locks: readonly [string, string, [string, string, number][]][] = [
  [
    'package-lock.json',
    '{\n  "lockfileVersion": 3,\n  "packages": {\n    "": {"version": "1.0.0"},\n    "node_modules/lodash": {\n      "version": "4.17.20"\n    },\n    "node_modules/a/node_modules/@x/b": {"version": "2.0.0"},\n    "packages/own": {"version": "1.0.0", "link": true}\n  }\n}\n',
    [
      ['lodash', '4.17.20', 5],
      ['@x/b', '2.0.0', 8],
    ],
  ],
  [
    'web/package-lock.json',
    '{\n  "dependencies": {\n    "lodash": {\n      "version": "4.17.20",\n      "dependencies": {\n        "b": {"version": "1.0.0"}\n      }\n    }\n  }\n}\n',
    [
      ['lodash', '4.17.20', 3],
      ['b', '1.0.0', 6],
    ],
  ],
  [
    'pnpm-lock.yaml',
    "packages:\n\n  /lodash@4.17.20:\n    resolution: {}\n\n  '@x/b@2.0.0(react@18.0.0)':\n    dev: true\n\n  /old/1.2.3:\n    dev: true\n",
    [
      ['lodash', '4.17.20', 3],
      ['@x/b', '2.0.0', 6],
      ['old', '1.2.3', 9],
    ],
  ],
  [
    'yarn.lock',
    '"@x/b@^2.0.0":\n  version "2.0.1"\n\nlodash@^4.0.0, lodash@^4.17.0:\n  version "4.17.20"\n  dependencies:\n    b "^1"\n\n"c@npm:^1.0.0":\n  version: 1.0.3\n',
    [
      ['@x/b', '2.0.1', 2],
      ['lodash', '4.17.20', 5],
      ['c', '1.0.3', 10],
    ],
  ],
  [
    'requirements-dev.txt',
    '# tools\nDjango==3.2.1 ; python_version > "3"\nrequests>=2\nFoo_Bar[x] == 1.0.post1\n',
    [
      ['django', '3.2.1', 2],
      ['foo-bar', '1.0.post1', 4],
    ],
  ],
  [
    'poetry.lock',
    '[[package]]\nname = "Jinja2"\nversion = "2.4.1"\n\n[metadata]\nname = "no"\nversion = "1.0"\n',
    [['jinja2', '2.4.1', 3]],
  ],
  [
    'Pipfile.lock',
    '{\n  "default": {\n    "urllib3": {"version": "==1.24.1"}\n  }\n}\n',
    [['urllib3', '1.24.1', 3]],
  ],
];

for (const [file, text, expected] of locks) {
  test(`${file} gives packages with version and line`, () => {
    const found = readLockFile(file, text).map(({ name, version, line }) => [name, version, line]);
    assert.deepEqual(found, expected);
    assert.deepEqual(readLockFile(file, text.replaceAll('\n', '\r\n')).length, expected.length);
  });
}

test('lock files that are broken, hostile or no lock files give nothing and do no harm', () => {
  for (const text of [
    '',
    '{',
    'null',
    '[1,2]',
    '{"packages":{"__proto__":{"version":"1"},"node_modules/x":null}}',
    '\0\0',
  ])
    for (const [file] of locks) assert.deepEqual(readLockFile(file, text), [], `${file}: ${text}`);
  const deep = `${'{"dependencies":{"a":'.repeat(3000)}1${'}}'.repeat(3000)}`;
  assert.deepEqual(readLockFile('package-lock.json', deep), []);
});

test('advisories are imported, replaced by newer ones, withdrawn, and matched by range and by name', async (t) => {
  const dataDir = await folder(t);
  const file = path.join(dataDir, 'osv.json');
  await writeFile(
    file,
    JSON.stringify([
      osv('GHSA-1', 'lodash', range),
      { no: 'advisory' },
      osv('GHSA-2', 'left', [{ introduced: '1.0.0' }, { last_affected: '1.2.0' }]),
    ]),
  );
  assert.deepEqual(await importAdvisoriesOffline(dataDir, [file]), { imported: 2, skipped: 1 });
  const advisories = openAdvisories(advisoriesFolder(dataDir));
  const against = async (name: string, version: string, ecosystem: 'npm' | 'PyPI' = 'npm') =>
    (await advisories.against({ ecosystem, name, version, line: 1 })).map(({ id }) => id);
  assert.deepEqual(await against('lodash', '4.17.20'), ['GHSA-1']);
  assert.deepEqual(await against('lodash', '4.17.21'), []);
  assert.deepEqual(await against('left', '1.2.0'), ['GHSA-2']);
  assert.deepEqual(await against('left', '1.2.1'), []);
  assert.deepEqual(await against('left', '0.9.0'), []);
  assert.deepEqual(await against('__proto__', '1.0.0'), []);
  assert.ok(await advisories.has('npm'));
  assert.ok(!(await advisories.has('PyPI')));
  const folderOf = advisoriesFolder(dataDir);
  await importAdvisories(folderOf, [
    JSON.stringify(osv('GHSA-1', 'lodash', [{ introduced: '0' }, { fixed: '4.0.0' }])),
  ]);
  assert.deepEqual(await against('lodash', '4.17.20'), []);
  await importAdvisories(folderOf, [
    JSON.stringify(osv('GHSA-2', 'left', range, { withdrawn: '2024-01-01T00:00:00Z' })),
  ]);
  assert.deepEqual(await against('left', '1.1.0'), []);
  const python = {
    id: 'PYSEC-1',
    affected: [{ package: { ecosystem: 'PyPI', name: 'Foo.Bar' }, versions: ['1.0'] }],
  };
  assert.deepEqual(await importAdvisories(folderOf, [JSON.stringify(python), 'no json']), {
    imported: 1,
    skipped: 1,
  });
  assert.deepEqual(await against('foo-bar', '1.0', 'PyPI'), ['PYSEC-1']);
});

const lock = locks[0]?.[1] ?? '';
const bench = { list: async () => ['package-lock.json', 'a.js'], read: async () => lock };

function audit(options: { folder: string; hosts: string[]; registry: string }) {
  const sandbox = { call: async () => ({ mode: 'allowList', hosts: options.hosts }) };
  const parts = {
    advisories: openAdvisories(options.folder),
    registry: options.registry,
    sandbox: sandbox as never,
    projectId: 'x',
    call: { signal: AbortSignal.timeout(60_000) } as never,
  };
  return createAudit(parts)(bench, []);
}

test('a finding names lock file, line, advisory, version and what mends it', async (t) => {
  const dataDir = await folder(t);
  await importAdvisories(dataDir, [JSON.stringify(osv('GHSA-1', 'lodash', range))]);
  const { findings, notes } = await audit({
    folder: dataDir,
    hosts: [],
    registry: 'https://registry.example.org',
  });
  assert.deepEqual(notes, []);
  assert.deepEqual(
    findings.map(({ path: file, line, rule, severity }) => [file, line, rule, severity]),
    [['package-lock.json', 5, 'CWE-1395 GHSA-1', 'high']],
  );
  assert.match(
    findings[0]?.message.en ?? '',
    /lodash 4\.17\.20: Trouble in lodash \(CVE-2024-1\)\. Mended in 4\.17\.21/,
  );
  assert.match(findings[0]?.evidence ?? '', /lodash@4\.17\.20/);
});

test('the registry is asked only when the project may reach it; names and versions go out, nothing else', async (t) => {
  const bodies: string[] = [];
  let status = 200;
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    bodies.push(`${request.url} ${body}`);
    const answer = {
      lodash: [
        {
          id: 1,
          url: 'https://github.com/advisories/GHSA-9',
          title: 'Bad',
          severity: 'critical',
          vulnerable_versions: '<4.17.21',
        },
      ],
    };
    response.writeHead(status).end(JSON.stringify(answer));
  }).listen(0, '127.0.0.1');
  t.after(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const registry = `http://127.0.0.1:${port}`;
  const empty = await folder(t);
  const refused = await audit({ folder: empty, hosts: ['registry.npmjs.org'], registry });
  assert.deepEqual([refused.findings, bodies], [[], []]);
  assert.match(refused.notes.join(' '), /advisories import/);
  const allowed = await audit({ folder: empty, hosts: [`127.0.0.1:${port}`], registry });
  assert.deepEqual(
    allowed.findings.map(({ rule, severity }) => [rule, severity]),
    [['CWE-1395 GHSA-9', 'high']],
  );
  assert.deepEqual(bodies, ['/-/npm/v1/security/advisories/bulk {"lodash":["4.17.20"],"@x/b":["2.0.0"]}']);
  status = 500;
  const failing = await audit({ folder: empty, hosts: [`127.0.0.1:${port}`], registry });
  assert.deepEqual(failing.findings, []);
  assert.match(failing.notes.join(' '), /could not be asked: the registry answered 500/);
});
