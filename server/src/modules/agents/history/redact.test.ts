import assert from 'node:assert/strict';
import test from 'node:test';
import { createRedaction, redactAll } from './redact.ts';

const redact = createRedaction([
  { text: '/srv/data/projects/p1/workspace', as: '<project>' },
  { text: 'anna', as: '<user>' },
]);

test('secrets in every usual form are gone', () => {
  const secrets = [
    'sk-proj-abcdefghijklmnop1234',
    'ghp_abcdefghijklmnopqrstuvwxyz0123456789',
    'github_pat_11ABCDEFG0abcdefghijkl',
    'AKIAIOSFODNN7EXAMPLE',
    'xoxb-123456789012-abcdefghijkl',
    'cds_0123456789abcdefghijABCDEFGHIJ0123456789abc',
    'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9',
    'hunter2hunter2',
    'q8Zr3Lm9Xw2Vt7Bn4Kp6Ys1Dg5Hj0Fc8Ra2Te',
    'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  ];
  const [, , , , , , , password, opaque, aws] = secrets;
  const text = [
    ...secrets.slice(0, 7),
    `password = "${password}"`,
    `DB_PASSWORD=${password}`,
    `api_key: ${opaque}`,
    `Authorization: Bearer ${opaque}`,
    `postgres://admin:${password}@db.example.org/x`,
    `a line with ${opaque} in it`,
    `aws_secret_access_key = ${aws}`,
    '-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----',
  ].join('\n');
  const redacted = redact(text);
  for (const secret of [...secrets, 'MIIEow'])
    assert.ok(!redacted.includes(secret), `${secret} in ${redacted}`);
});

test('folders of the machine, people and addresses are gone; the work itself stays', () => {
  const text =
    'at /home/anna/code/a.ts, C:\\Users\\Bert\\x, /Users/carl/y, /root/.ssh, /srv/data/projects/p1/workspace/src/a.ts, mail anna@example.org';
  const redacted = redact(text);
  for (const word of ['anna', 'Bert', 'carl', '/srv/', '/home/', 'example.org'])
    assert.ok(!redacted.includes(word), word);
  assert.match(redacted, /<project>\/src\/a\.ts/);
  const code = 'export function sumOfAllTheNumbersInThisVeryLongListOfThem(a: number) { return a + 1; }';
  assert.equal(redact(code), code);
  const hash = `${'a'.repeat(8)}0123456789abcdef0123456789abcdef`;
  assert.equal(redact(`commit ${hash}`), `commit ${hash}`);
});

test('values are redacted wherever they stand, by the names of their fields, too', () => {
  const redacted = redactAll(
    {
      deep: [{ text: 'sk-abcdefghijklmnop' }],
      password: 'kitten',
      tokens: 5,
      apiKey: 'x',
      usage: { promptTokens: 3 },
    },
    redact,
  );
  assert.deepEqual(redacted, {
    deep: [{ text: '<key>' }],
    password: '<secret>',
    tokens: 5,
    apiKey: '<secret>',
    usage: { promptTokens: 3 },
  });
});
