import { expect, test } from 'vitest';
import { placeMenu } from './menu-place.ts';

const window = { width: 1000, height: 800 };
const menu = { width: 200, height: 300 };
const start = { window, align: 'start', gapPx: 6 } as const;

test('a menu opens below its button, at the side that is asked for', () => {
  const button = { left: 400, top: 20, width: 100, height: 30 };
  expect(placeMenu(button, menu, start)).toEqual({ left: 400, top: 56, mostHeight: 736 });
  expect(placeMenu(button, menu, { ...start, align: 'end' }).left).toBe(300);
});

test('it never leaves the window', () => {
  const corner = { left: 980, top: 20, width: 16, height: 16 };
  expect(placeMenu(corner, menu, start).left).toBe(792);
  expect(placeMenu({ ...corner, left: 4 }, menu, { ...start, align: 'end' }).left).toBe(8);
});

test('it opens above what stands at the bottom, and keeps to the room there is', () => {
  const low = { left: 10, top: 700, width: 0, height: 0 };
  expect(placeMenu(low, menu, start)).toEqual({ left: 10, top: 394, mostHeight: 686 });
  const tall = { width: 200, height: 2_000 };
  expect(placeMenu(low, tall, start)).toEqual({ left: 10, top: 8, mostHeight: 686 });
  expect(placeMenu({ ...low, top: 100 }, tall, start)).toEqual({ left: 10, top: 106, mostHeight: 686 });
});
