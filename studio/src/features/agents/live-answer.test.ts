import { expect, test } from 'vitest';
import type { Writing } from './agent-queries.ts';
import { type Live, lastLines, looksLikeCall, withPiece } from './live-answer.ts';

const piece = (from: number, text: string, after = 1): Writing => ({
  kind: 'writing',
  after,
  from,
  text,
  form: 'words',
  tool: null,
});
const joined = (...pieces: readonly Writing[]) =>
  pieces.reduce<Live | undefined>((live, next) => withPiece(live, next), undefined);

test('pieces are put together, and those that come twice change nothing', () => {
  const twice = [piece(0, 'ab'), piece(2, 'cd'), piece(0, 'ab'), piece(0, 'abcdef'), piece(3, 'def')];
  expect(joined(...twice)).toMatchObject({ start: 0, text: 'abcdef' });
});

test('a missing piece shows what comes after it, until the whole is told again', () => {
  const late = [piece(0, 'ab'), piece(10, 'kl')];
  expect(joined(...late)).toMatchObject({ start: 10, text: 'kl' });
  expect(joined(...late, piece(0, 'abcdefghij'))).toMatchObject({ start: 0, text: 'abcdefghijkl' });
});

test('the answer after a later step begins anew, and an earlier one does not come back', () => {
  expect(joined(piece(0, 'old'), piece(0, 'new', 2), piece(3, ' old'))).toMatchObject({
    after: 2,
    text: 'new',
  });
});

test('only the end of a very long answer is kept, and its place stays true', () => {
  const pieces = Array.from({ length: 50 }, (_, index) =>
    piece(index * 1_000, String(index % 10).repeat(1_000)),
  );
  const live = joined(...pieces);
  expect((live?.start ?? 0) + (live?.text.length ?? 0)).toBe(50_000);
  expect(live?.text.length).toBe(32_000);
});

test('a code shows its last lines without the fence, as far as it is there', () => {
  expect(lastLines('```ts\na\nb\nc', 2)).toEqual({ language: 'ts', code: 'b\nc' });
  expect(lastLines('Here it is:\n```\na\n```', 9)).toEqual({ language: '', code: 'a' });
  expect(lastLines('no fence', 9)).toEqual({ language: '', code: 'no fence' });
});

test('calls that are written as words are no words', () => {
  expect([' {"name": "x"}', '<tool_call>', '```json\n{', 'I call {x}'].map(looksLikeCall)).toEqual([
    true,
    true,
    true,
    false,
  ]);
});
