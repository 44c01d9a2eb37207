import assert from 'node:assert/strict';
import test from 'node:test';
import { createInputWindow } from './input-window.ts';

function open() {
  const sent: string[] = [];
  const window = createInputWindow(10, (piece, end) => {
    sent.push(end ? 'end' : Buffer.from(piece).toString());
  });
  return { window, sent };
}

test('no more is under way than the host has room for, and the rest follows what was taken', async () => {
  const { window, sent } = open();
  const writing = window.write(Buffer.from('a'.repeat(10) + 'b'.repeat(5)));
  assert.deepEqual(sent, ['a'.repeat(10)]);
  assert.equal(await window.write(Buffer.from('c')), false, 'one piece at a time');
  window.end();
  assert.equal(sent.length, 1, 'the end waits for what was written');
  assert.ok(window.taken(2));
  assert.ok(window.taken(8));
  assert.equal(await writing, true);
  assert.deepEqual(sent, ['a'.repeat(10), 'bb', 'bbb', 'end']);
  assert.equal(await window.write(Buffer.from('d')), false);
});

test('a host that claims to have taken what it was never sent is not believed', async () => {
  const { window } = open();
  assert.equal(window.taken(1), false);
  await window.write(Buffer.from('abc'));
  assert.equal(window.taken(4), false);
  assert.ok(window.taken(3));
});

test('whoever waits is told when the program has ended', async () => {
  const { window, sent } = open();
  const writing = window.write(Buffer.alloc(100));
  window.close();
  assert.equal(await writing, false);
  assert.equal(await window.write(Buffer.from('x')), false);
  window.end();
  assert.ok(!sent.includes('end'));
});
