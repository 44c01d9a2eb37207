import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Writable } from 'node:stream';
import test from 'node:test';
import { createLog, redactText } from './log.ts';
import { createRotatingFile } from './rotating-file.ts';
import { newTraceId, traceIdOf, traceparentOf } from './trace.ts';

function sink(): { output: NodeJS.WritableStream; text: () => string } {
  let text = '';
  const output = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk);
      done();
    },
  });
  return { output, text: () => text };
}

test('no secret reaches the log, by its key or by its looks', async () => {
  const { output, text } = sink();
  await using handle = createLog({
    service: 't',
    level: 'info',
    format: 'json',
    maxFileBytes: 1e6,
    maxFiles: 2,
    output,
  });
  handle.log.info({ password: 'pw-1', user: { apiKey: 'pw-2', deep: { token: 'pw-3' } } }, 'signed in');
  handle.log.error(
    {
      err: new Error(
        'connect postgresql://cds:pw-4@host/db with Bearer pw-5abcdefgh and cds_pw6abcdefghijklmnop',
      ),
    },
    'failed',
  );
  assert.match(text(), /signed in/);
  assert.doesNotMatch(text(), /pw-\d|pw6/);
});

test('redacts a JWT in free text', () => {
  assert.equal(redactText('got eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl end'), 'got *** end');
});

test('a log file is rotated at its size, and only so many are kept, without a torn line', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'cds-log-'));
  try {
    {
      using file = createRotatingFile({ file: path.join(folder, 'a.log'), maxBytes: 300_000, maxFiles: 3 });
      for (let line = 0; line < 20_000; line += 1)
        file.write(`${JSON.stringify({ line, text: 'x'.repeat(80) })}\n`);
    }
    const files = readdirSync(folder).sort();
    assert.deepEqual(files, ['a.log', 'a.log.1', 'a.log.2']);
    const lines = files.flatMap((name) => readFileSync(path.join(folder, name), 'utf8').trim().split('\n'));
    assert.equal(
      lines.every((line) => typeof JSON.parse(line).line === 'number'),
      true,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a trace goes on when its header is well formed, and begins anew when it is not', () => {
  const id = newTraceId();
  assert.match(id, /^[0-9a-f]{32}$/);
  assert.equal(traceIdOf(traceparentOf(id)), id);
  assert.notEqual(traceIdOf('00-zzz-1-01'), 'zzz');
  assert.match(traceIdOf(`00-${'0'.repeat(32)}-${'1'.repeat(16)}-01`), /[1-9a-f]/);
});
