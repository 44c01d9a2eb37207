import { beforeEach, expect, test } from 'vitest';
import { createHistory } from './history.ts';

const kept = new Map<string, string>();
beforeEach(() => {
  kept.clear();
  globalThis.localStorage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => {
      if (value.length > 5_000_000) throw new Error('full');
      kept.set(key, value);
    },
    removeItem: (key: string) => kept.delete(key),
  } as unknown as Storage;
});

const talk = (id: string, question: string) => ({
  id,
  at: '2026-01-01T00:00:00Z',
  better: null,
  lanes: [{ model: 'm', turns: [{ role: 'user' as const, content: question }] }],
});

test('a conversation is kept once, newest first, with its first line as title, and comes back', () => {
  const history = createHistory();
  history.keep(talk('a', 'one\ntwo'));
  history.keep(talk('b', 'x'.repeat(200)));
  history.keep(talk('a', 'one\ntwo'));
  history.keep(talk('empty', '  '));
  const again = createHistory().store.get();
  expect(again.map(({ id }) => id)).toEqual(['a', 'b']);
  expect(again.map(({ title }) => title.length)).toEqual([3, 80]);
});

test('a deleted one is gone, also from the device', () => {
  const history = createHistory();
  history.keep(talk('a', 'secret'));
  history.remove('a');
  expect(createHistory().store.get()).toEqual([]);
  expect([...kept.values()].join('')).not.toContain('secret');
});

test('old ones make room for new ones', () => {
  const history = createHistory();
  for (let index = 0; index < 80; index += 1) history.keep(talk(String(index), 'q'));
  expect(history.store.get().length).toBe(50);
  history.keep(talk('long', 'y'.repeat(700_000)));
  history.keep(talk('longer', 'z'.repeat(700_000)));
  expect(history.store.get().map(({ id }) => id)).toEqual(['longer']);
});
