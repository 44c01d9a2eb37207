import assert from 'node:assert/strict';
import test from 'node:test';
import { agentWorld } from '../testing/agent-world.ts';

test('a model reads the files that are named: what it reports without evidence in the code is dropped', async () => {
  const files = {
    'app.js': "app.get('/admin', (req, res) => {\n  res.json(allUsers());\n});\neval(input);\n",
    'other.js': 'eval(input);\n',
    'package-lock.json': '{"packages":{"node_modules/a":{"version":"1.0.0"}}}\n',
  };
  const reported = [
    {
      line: 1,
      severity: 'high',
      weakness: 'CWE-862 rights',
      message: 'No right is checked.',
      evidence: "app.get('/admin'",
    },
    {
      line: 2,
      severity: 'high',
      weakness: 'CWE-89 SQL',
      message: 'SQL!',
      evidence: "db.query('select ' + id)",
    },
    { line: 4, severity: 'high', weakness: 'CWE-95', message: 'eval', evidence: 'eval(input);' },
    { nonsense: true },
  ];
  await using at = await agentWorld(files, () => ({ text: JSON.stringify({ findings: reported }) }));
  const named = await at.run({
    agent: 'security',
    task: 'Audit',
    files: ['app.js'],
    model: 'scripted/strong',
  });
  assert.deepEqual(
    named.findings.map(({ path, line, rule, evidence }) => [path, line, rule, evidence]),
    [
      ['app.js', 4, 'CWE-95 eval', 'eval(input);'],
      ['app.js', 1, 'model CWE-862 rights', "app.get('/admin', (req, res) => {"],
    ],
  );
  assert.equal(at.provider.asked.length, 1);
  const whole = await at.run({ agent: 'security', task: 'Audit' });
  assert.equal(at.provider.asked.length, 1);
  assert.match(whole.summary ?? '', /^2\. No advisories for npm were imported/);
  const unknown = await at.run({
    agent: 'security',
    task: 'Audit',
    files: ['other.js'],
    model: 'nobody/none',
  });
  assert.equal(unknown.status, 'completed', JSON.stringify(unknown.problem));
  assert.match(unknown.summary ?? '', /^1\. The model did not read other\.js/);
});
