import { expect, test } from 'vitest';
import { rowsInView } from './use-rows.ts';

const view = { topPx: 0, heightPx: 240, rowPx: 24, count: 3_000 };

test('of three thousand rows those in view are drawn, and a few on both sides', () => {
  expect(rowsInView(view)).toEqual({ from: 0, to: 22 });
  expect(rowsInView({ ...view, topPx: 24_000 })).toEqual({ from: 988, to: 1_022 });
});

test('at the end, and of a list that has become shorter than where one was, nothing is drawn that is not there', () => {
  expect(rowsInView({ ...view, topPx: 2_990 * 24 })).toEqual({ from: 2_978, to: 3_000 });
  expect(rowsInView({ ...view, topPx: 24_000, count: 5 })).toEqual({ from: 5, to: 5 });
  expect(rowsInView({ ...view, count: 0 })).toEqual({ from: 0, to: 0 });
});
