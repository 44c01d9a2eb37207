import { expect, test } from 'vitest';
import { de } from './de/de.ts';
import { en } from './en/en.ts';
import { translate } from './language.ts';

type Tree = { readonly [key: string]: string | Tree };

/** Every text with the path to it. */
function textsOf(tree: Tree, prefix = ''): Map<string, string> {
  const texts = new Map<string, string>();
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === 'string') texts.set(prefix + key, value);
    else for (const [path, text] of textsOf(value, `${prefix}${key}.`)) texts.set(path, text);
  }
  return texts;
}

const english = textsOf(en);
const german = textsOf(de);
const placeholders = (text: string) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1]).sort();

test('every text exists in both languages', () => {
  expect([...german.keys()].sort()).toEqual([...english.keys()].sort());
  expect(english.size).toBeGreaterThan(300);
});

test('both languages name the same values', () => {
  for (const [path, text] of english) {
    expect([path, placeholders(german.get(path) ?? '')]).toEqual([path, placeholders(text)]);
  }
});

test('no text is empty, and every plural has both forms', () => {
  for (const texts of [english, german]) {
    for (const [path, text] of texts) {
      expect(text.trim(), path).not.toBe('');
      if (path.endsWith('_one')) expect(texts.has(path.replace(/_one$/, '_other')), path).toBe(true);
    }
  }
});

test('plain words: no exclamation marks, and no German text is the English one by mistake', () => {
  const same = new Set(
    [...english].filter(([path, text]) => german.get(path) === text && /[a-z]{4,} [a-z]{4,}/i.test(text)),
  );
  expect([...same].map(([path]) => path)).toEqual([]);
  for (const text of [...english.values(), ...german.values()]) expect(text).not.toContain('!');
});

test('fills in values, and chooses between one and many', () => {
  const group = { files_one: '{{count}} file', files_other: '{{count}} files', deep: { name: 'of {{who}}' } };
  expect(translate(group, 'files', { count: 1 })).toBe('1 file');
  expect(translate(group, 'files', { count: 0 })).toBe('0 files');
  expect(translate(group, 'deep.name', { who: '<b>' })).toBe('of <b>');
});

test('a value that is missing stays visible', () => {
  expect(translate({ hello: 'hello {{name}}' }, 'hello')).toBe('hello {{name}}');
});
