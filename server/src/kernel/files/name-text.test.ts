import assert from 'node:assert/strict';
import test from 'node:test';
import { nameOfText, nameText } from './name-text.ts';

test('a name that is UTF-8 is told as it is', () => {
  for (const name of ['plain', 'Größe 名前 \u{1f600}', 'with \ufffd in it', 'a\nb']) {
    assert.equal(nameText(Buffer.from(name)), name);
    assert.equal(nameOfText(name), name);
  }
});

test('every sequence of bytes comes back as it was, and no two share a text', () => {
  const texts = new Set<string>();
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((seed / 2 ** 31) * below);
  };
  const names = Array.from({ length: 2_000 }, () =>
    Buffer.from(Array.from({ length: 1 + random(12) }, () => 1 + random(255))),
  );
  // Surrogates spelt in bytes are no UTF-8 and must not be taken for the escapes.
  names.push(Buffer.from([0xed, 0xb2, 0x80]), Buffer.from([0x80]), Buffer.from([0xf0, 0x9f, 0x98]));
  for (const name of names) {
    const text = nameText(name);
    assert.deepEqual(Buffer.from(nameOfText(JSON.parse(JSON.stringify(text)))), name);
    texts.add(text);
  }
  assert.equal(texts.size, new Set(names.map((name) => name.toString('hex'))).size);
});
