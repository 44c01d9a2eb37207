import assert from 'node:assert/strict';
import test from 'node:test';
import { createScrollback } from './scrollback.ts';

const text = (log: ReturnType<typeof createScrollback>, offset: number, limit = 1000) =>
  log.read(offset, limit).data.toString();

test('gives back what was printed, from any offset', () => {
  const log = createScrollback(100);
  log.append(Buffer.from('hello '));
  log.append(Buffer.from('world'));
  assert.equal(text(log, 0), 'hello world');
  assert.equal(text(log, 4), 'o world');
  assert.equal(text(log, 4, 3), 'o w');
  assert.equal(text(log, 11), '');
  assert.equal(text(log, 999), '');
});

test('keeps the end when there is too much, and says where it begins', () => {
  const log = createScrollback(10);
  for (const piece of ['aaaa', 'bbbb', 'cccc']) log.append(Buffer.from(piece));
  assert.equal(log.startOffset(), 4);
  assert.equal(log.endOffset(), 12);
  assert.deepEqual({ ...log.read(0, 100), data: text(log, 0) }, { from: 4, data: 'bbbbcccc' });
});

test('a single piece larger than the whole log keeps its end', () => {
  const log = createScrollback(10);
  log.append(Buffer.from('before'));
  log.append(Buffer.from('0123456789abcdef'));
  assert.equal(text(log, 0), '6789abcdef');
  assert.equal(log.startOffset(), 12);
  log.append(Buffer.from('Z'));
  assert.equal(log.endOffset(), 23);
  assert.ok(text(log, 0).endsWith('Z'));
});

test('stays exact over thousands of small pieces', () => {
  const log = createScrollback(5000);
  let all = '';
  for (let index = 0; index < 4000; index += 1) {
    const piece = `${index},`;
    all += piece;
    log.append(Buffer.from(piece));
    assert.ok(log.endOffset() - log.startOffset() <= 5000);
  }
  assert.equal(log.endOffset(), all.length);
  assert.equal(text(log, 0, 10_000), all.slice(log.startOffset()));
});
