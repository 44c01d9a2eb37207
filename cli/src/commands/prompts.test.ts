import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import type { Terminal } from '../terminal.ts';
import { run } from './prompts.ts';

function place(language: 'en' | 'de' = 'en') {
  const folder = mkdtempSync(path.join(tmpdir(), 'cds-prompts-'));
  const lines: string[] = [];
  const terminal: Terminal = {
    environment: { INIT_CWD: folder },
    language,
    print: (text) => lines.push(text),
    printError: (text) => lines.push(text),
  };
  return {
    folder,
    lines,
    run: (...argv: string[]) => run(argv, terminal),
    write(name: string, output: string) {
      mkdirSync(path.join(folder, '.cds/prompts'), { recursive: true });
      const words = { en: 'x', de: 'x' };
      const tests = [{ name: 'says hello', expect: { equals: 'hello' } }];
      const header = { id: 'my.own', kind: 'prompt', version: 1, title: words, description: words, tests };
      writeFileSync(
        path.join(folder, '.cds/prompts', name),
        `---\n${JSON.stringify(header)}\n---\n${output}\n`,
      );
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

test('all that ships passes, and a folder’s own prompts are tested with it', async () => {
  using at = place();
  at.write('own.prompt', 'hello');
  assert.equal(await at.run('test'), 0);
  assert.match(at.lines.at(-1) ?? '', /^\d\d+ tests passed, 0 failed$/);
});

test('a failing test is named, and the exit code says so', async () => {
  using at = place('de');
  at.write('own.prompt', 'bye');
  assert.equal(await at.run('test', 'my.own'), 1);
  assert.match(at.lines.join('\n'), /✗ my\.own: says hello[\s\S]*0 Tests bestanden, 1 gescheitert/);
});

test('fills a prompt with values from a file, and tells how it is called', async () => {
  using at = place();
  const values = path.join(at.folder, 'values.json');
  writeFileSync(values, JSON.stringify({ code: 'a' }));
  assert.equal(await at.run('render', 'formula.code-block', values), 0);
  assert.equal(at.lines[0], '```\na\n```');
  assert.match(at.lines[1] ?? '', /^[0-9a-f]{64}$/);
  assert.equal(await at.run(), 2);
});
