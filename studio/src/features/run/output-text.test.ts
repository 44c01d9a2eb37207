import { expect, test } from 'vitest';
import { OutputText } from './output-text.ts';

test('keeps the order in which the streams spoke, and joins neighbours', () => {
  const output = new OutputText();
  output.add({ stream: 'stdout', data: 'a', encoding: 'utf8' });
  output.add({ stream: 'stdout', data: 'b\n', encoding: 'utf8' });
  output.add({ stream: 'stderr', data: 'oh\n', encoding: 'utf8' });
  output.add({ stream: 'stdout', data: 'c\n', encoding: 'utf8' });
  expect(output.parts.map((part) => part.text)).toEqual(['ab\n', 'oh\n', 'c\n']);
  expect([output.text('stdout'), output.lines('stderr')]).toEqual(['ab\nc\n', 1]);
});

test('a character that is cut between two chunks is one character', () => {
  const output = new OutputText();
  output.add({ stream: 'stdout', data: btoa('\xc3'), encoding: 'base64' });
  output.add({ stream: 'stdout', data: btoa('\xa4!'), encoding: 'base64' });
  output.end();
  expect(output.text()).toBe('ä!');
});

test('lets the beginning go instead of growing without end', () => {
  const output = new OutputText();
  for (let count = 0; count < 60; count += 1) {
    output.add({
      stream: count % 2 === 0 ? 'stdout' : 'stderr',
      data: 'x'.repeat(100_000),
      encoding: 'utf8',
    });
  }
  expect(output.text().length).toBeLessThanOrEqual(4_000_000);
  expect(output.dropped).toBe(2_000_000);
});

test('half a million short lines are not drawn at once, and all are kept', () => {
  const output = new OutputText();
  for (let count = 0; count < 16; count += 1) {
    output.add({ stream: 'stdout', data: 'y\n'.repeat(32_768), encoding: 'utf8' });
  }
  const { parts, linesBefore } = output.tail(5_000);
  const drawn = parts.reduce((sum, part) => sum + part.lines, 0);
  expect(drawn).toBeGreaterThan(4_000);
  expect(drawn).toBeLessThanOrEqual(5_000);
  expect(drawn + linesBefore).toBe(524_288);
  expect(output.text()).toBe('y\n'.repeat(524_288));
});

test('one endless line is cut into parts between characters', () => {
  const output = new OutputText();
  output.add({ stream: 'stdout', data: `x${'🙂'.repeat(30_000)}`, encoding: 'utf8' });
  expect(output.text()).toBe(`x${'🙂'.repeat(30_000)}`);
  expect(output.parts.every((part) => part.text.isWellFormed())).toBe(true);
  expect(output.tail(5_000).linesBefore).toBe(0);
});
