import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import type { Terminal } from '../terminal.ts';
import { run } from './doctor.ts';

function recorder(language: 'en' | 'de', environment: Record<string, string> = {}) {
  const lines: string[] = [];
  const terminal: Terminal = {
    environment: {
      CDS_DATA_DIR: path.join(tmpdir(), 'cds-doctor-none', 'below'),
      CDS_PORT: '0',
      ...environment,
    },
    language,
    print: (text) => lines.push(text),
    printError: (text) => lines.push(text),
  };
  return { terminal, text: () => lines.join('\n') };
}

test('a machine without bubblewrap is told the command that brings it, and fails', async () => {
  const { terminal, text } = recorder('en', { CDS_SANDBOX_BUBBLEWRAP: '/nowhere/bwrap' });
  assert.equal(await run([], terminal), 1);
  assert.match(text(), /✘ Sandbox for programs\s+bubblewrap is not installed/);
  assert.match(text(), /→ .*install.*bubblewrap/);
});

test('speaks German', async () => {
  const { terminal, text } = recorder('de', { CDS_SANDBOX_BUBBLEWRAP: '/nowhere/bwrap' });
  await run([], terminal);
  assert.match(text(), /bubblewrap ist nicht installiert/);
  assert.match(text(), /Es fehlt etwas/);
});

test('tells parts as data, and a part without its images never as there', async () => {
  const { terminal, text } = recorder('en');
  await run(['--json'], terminal);
  const { checks } = JSON.parse(text()) as {
    checks: { name: string; state: string; command: string | null }[];
  };
  const byName = new Map(checks.map((check) => [check.name, check]));
  assert.equal(byName.get('node')?.state, 'ok');
  assert.notEqual(byName.get('wasm')?.state, 'missing');
  assert.equal(byName.get('micro')?.state, 'missing');
});

test('the engines are tried: what does not run is told with the one command, and is no reason to fail', async () => {
  const fine = recorder('en');
  await run([], fine.terminal);
  assert.match(
    fine.text(),
    /Engine for local models\s+(llama\.cpp \S+, a trial start worked|the built-in engine)/,
  );
  assert.match(fine.text(), /✔ WebAssembly sandbox/);
  assert.match(fine.text(), /✘ Micro virtual machines.*\n\s+→ \S/);
  const broken = recorder('de', { LLAMA_SERVER_BIN: '/nowhere/llama-server' });
  const exitCode = await run([], broken.terminal);
  assert.match(broken.text(), /! Engine für lokale Modelle\s+LLAMA_SERVER_BIN nennt/);
  assert.match(broken.text(), /→ unset LLAMA_SERVER_BIN/);
  assert.equal(exitCode, 0);
});

test('a database server needs no embedded binaries', async () => {
  const { terminal, text } = recorder('en', { DATABASE_URL: 'postgresql://localhost/x' });
  await run([], terminal);
  assert.match(text(), /✔ Database\s+a PostgreSQL server/);
});
