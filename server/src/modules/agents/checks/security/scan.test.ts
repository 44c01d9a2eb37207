import assert from 'node:assert/strict';
import test from 'node:test';
import { createSyntax } from '#kernel/syntax/syntax.ts';
import { lineOfEvidence } from '../../control/review.ts';
import { scanSecurity } from './scan.ts';
import { secretIn } from './secrets.ts';
import { settingFindings } from './settings-rules.ts';

const syntax = createSyntax();
const scan = (files: Record<string, string>) =>
  scanSecurity(
    { bench: { list: async () => Object.keys(files), read: async (path) => files[path] ?? null }, syntax },
    [],
  );

const random = 'q8Zr3Lm9Xw2Vt7Bn';
const secrets: readonly [string, string, string | null][] = [
  ['a.js', `const apiKey = '${random}';`, 'CWE-798 secret'],
  ['a.js', "const apiKey = 'aaaaaaaaaaaaaaaa';", null],
  ['a.js', "const apiKey = 'your-api-key-here-please';", null],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the code that is looked at
  ['a.js', "const url = '${process.env.TOKEN}';", null],
  ['a.js', 'const tokenLength = "the length of tokens";', null],
  ['a.ts', `const key = 'AKIA${'ABCDEFGHIJKLMNOP'}';`, 'CWE-798 AWS key'],
  ['a.py', `TOKEN = "ghp_${'a1B2c3D4e5'.repeat(4)}"`, 'CWE-798 GitHub token'],
  ['deploy.sh', `export DEPLOY_TOKEN=${random}`, 'CWE-798 secret'],
  ['Dockerfile', `ENV API_KEY=${random}`, 'CWE-798 secret'],
  ['.npmrc', `//registry.npmjs.org/:_authToken=${random}${random}`, 'CWE-798 secret'],
  ['a.py', `TOKEN = compute_token_from(a, b)`, null],
  ['config.yml', 'database: postgres://app:s3cr3tpw@db.example.net/app', 'CWE-798 password in address'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the code that is looked at
  ['config.yml', 'database: postgres://app:${PASSWORD}@db/app', null],
  ['key.txt', '-----BEGIN OPENSSH PRIVATE KEY-----', 'CWE-798 private key'],
];

for (const [path, line, expected] of secrets) {
  test(`secret in ${path}: ${line.slice(0, 30)} → ${expected}`, () => {
    const found = secretIn(path, 1, line);
    assert.equal(found?.rule ?? null, expected);
    for (const secret of [random, 's3cr3tpw', 'ABCDEFGHIJKLMNOP', 'a1B2c3D4e5a1'])
      assert.ok(!(found?.evidence ?? '').includes(secret), found?.evidence);
  });
}

const settings: readonly [string, string, string[]][] = [
  ['Dockerfile', 'FROM node\nUSER root\nRUN x\n', ['CWE-250 root']],
  ['Dockerfile', 'FROM node\nUSER node\nFROM alpine\nRUN x\n', ['CWE-250 root']],
  ['Dockerfile', 'FROM node\nUSER node\n', []],
  ['Dockerfile', 'FROM a\nRUN curl -fsSL https://x.example/i.sh | sh\nUSER a\n', ['CWE-494 download']],
  [
    'docker-compose.yml',
    'services:\n  a:\n    privileged: true\n    network_mode: host\n    volumes:\n      - /var/run/docker.sock:/s\n',
    ['CWE-250 privileged', 'CWE-250 host', 'CWE-250 Docker socket'],
  ],
  [
    'compose.yaml',
    'services:\n  a:\n    image: a\n    cap_add:\n      - SYS_ADMIN\n',
    ['CWE-250 capabilities'],
  ],
  ['k8s/pod.yaml', 'spec:\n  hostNetwork: true\n  # privileged: true\n', ['CWE-250 host']],
  [
    '.github/workflows/a.yml',
    'on:\n  pull_request_target:\npermissions: write-all\nrun: echo $' + '{{ github.event.issue.title }}\n',
    ['CWE-829 pull_request_target', 'CWE-732 workflow', 'CWE-78 workflow'],
  ],
  ['.github/workflows/a.yml', 'on: push\nrun: echo $' + '{{ github.sha }}\n', []],
  [
    'nginx.conf',
    'ssl_protocols TLSv1 TLSv1.2;\nautoindex on;\nadd_header Access-Control-Allow-Origin *;\n',
    ['CWE-326 TLS', 'CWE-548 listing', 'CWE-942 CORS'],
  ],
  ['nginx.conf', 'ssl_protocols TLSv1.2 TLSv1.3;\n', []],
  ['.npmrc', 'strict-ssl=false\n', ['CWE-295 certificates']],
  ['app.yml', 'debug: true\n', ['CWE-489 debug']],
  ['app.yml', 'debug: false\n', []],
  ['run.sh', 'chmod -R 777 /srv\ncurl -k https://x.example\n', ['CWE-732 mode', 'CWE-295 certificates']],
  ['a.php', '$db->query("select * from t where a = $id");\n', ['CWE-89 SQL']],
];

for (const [path, text, expected] of settings) {
  test(`settings of ${path}: ${expected.join(', ') || 'nothing'}`, () => {
    assert.deepEqual(
      settingFindings(path, text).map(({ rule }) => rule),
      expected,
    );
  });
}

test('a file gives each weakness once, in the order of its lines, with the line as evidence', async () => {
  const found = await scan({
    'a.js': `const password = '${random}';\nel.innerHTML = name;\neval(x); eval(y);\n`,
    'package-lock.json': `{"token":"${random}"}`,
    'b.min.js': 'eval(x)',
  });
  assert.deepEqual(
    found.map(({ path, line, rule }) => [path, line, rule]),
    [
      ['a.js', 1, 'CWE-798 secret'],
      ['a.js', 2, 'CWE-79 HTML'],
      ['a.js', 3, 'CWE-95 eval'],
    ],
  );
  assert.equal(found[1]?.evidence, 'el.innerHTML = name;');
});

test('hostile files end soon: endless lines, lines without end, letters that repeat', async () => {
  const files = {
    'a.js': `const a = "${'a'.repeat(400_000)}";\n`,
    'b.yml': `${' '.repeat(1900)}password: ${'='.repeat(50)}\n`.repeat(200),
    'c.php': `query("select ${'"'.repeat(1800)}\n`.repeat(200),
    'd.py': `x = ${'('.repeat(3000)}\n`,
    Dockerfile: `RUN curl ${'a'.repeat(1900)}\n`.repeat(200),
  };
  assert.ok(Array.isArray(await scan(files)));
});

test('evidence of a model counts only where it stands in the file', () => {
  const lines = ['function a() {', '  return secret;', '}', '  return secret;', "app.get('/admin', show);"];
  const at = (line: number, evidence: string) => lineOfEvidence(lines, { line, evidence });
  assert.equal(at(2, 'return secret;'), 2);
  assert.equal(at(3, '2:   return  secret;'), 2);
  assert.equal(at(1, "app.get('/admin', show);"), 5);
  assert.equal(at(1, 'if (user.isAdmin) {'), null);
  assert.equal(at(9, 'return secret;'), null);
  assert.equal(at(1, '}'), null);
  assert.equal(at(1, ''), null);
});
