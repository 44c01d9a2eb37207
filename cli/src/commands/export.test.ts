import assert from 'node:assert/strict';
import test from 'node:test';
import type { Terminal } from '../terminal.ts';
import { run } from './export.ts';

async function exported(...argv: string[]) {
  const lines: string[] = [];
  const errors: string[] = [];
  const terminal: Terminal = {
    environment: { CDS_API_KEY: 'canary-key', CDS_URL: 'http://10.1.2.3:6711/' },
    language: 'en',
    print: (line) => lines.push(line),
    printError: (line) => errors.push(line),
  };
  const code = await run(argv, terminal);
  return { code, text: lines.join('\n'), errors: errors.join('\n') };
}

test('each client gets a set-up that names the address and holds no key', async () => {
  for (const client of ['continue', 'aider', 'opencode']) {
    const { code, text, errors } = await exported(client);
    assert.equal(code, 0);
    assert.match(text, /http:\/\/10\.1\.2\.3:6711\/v1"?/);
    assert.doesNotMatch(text + errors, /canary/);
    assert.match(errors, /CDS_API_KEY/);
  }
  assert.deepEqual(Object.keys(JSON.parse((await exported('opencode')).text)), [
    '$schema',
    'model',
    'provider',
    'mcp',
  ]);
  assert.match((await exported('continue', '--model', 'groq/x: "y"')).text, /model: "groq\/x: \\"y\\""/);
  assert.equal((await exported('emacs')).code, 2);
});
