import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import test from 'node:test';

const program = `
  const { processTerminal } = await import(${JSON.stringify(new URL('./terminal.ts', import.meta.url).href)});
  const terminal = processTerminal();
  process.stdin.once('data', () => {
    terminal.print('nobody reads this');
    setTimeout(() => { terminal.print('nor this'); process.exitCode = 7; process.stdin.destroy(); }, 50);
  });
`;

test('a terminal that has gone does not end what prints to it', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdout.destroy();
  child.stderr.resume();
  child.stdin.write('go\n');
  const [code] = await once(child, 'exit');
  assert.equal(code, 7);
});
