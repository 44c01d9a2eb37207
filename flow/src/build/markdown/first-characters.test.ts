import assert from 'node:assert/strict';
import test from 'node:test';
import hljs from 'highlight.js';
import { END_OF_TEXT, firstCharacters, OTHER_CHARACTER } from './first-characters.ts';
import { compiledExpression } from './rule-matcher.ts';

/** Signs of every kind, beside each other in many ways. */
const TEXT =
  'let a_1 = "x\\n" + `b$c {d}`; // d\n/* e */ <f g="h">i</f> #j @k $l %m &n (o) [p] {q} ~r ^s |t ?u !v\tw\r\n' +
  "0x1F 1.5e3 'y' \\z -- ä ß é 日本 😀 K ſ :: => -> <<< === ;; \"\" '' ``` --- *** ___\n\n  def End BEGIN\n$";

function assertCovers(source: string, flags: string): void {
  const { first, atWordEdge } = firstCharacters(source, flags);
  const sticky = new RegExp(source, `${flags}y`);
  for (let index = 0; index <= TEXT.length; index += 1) {
    sticky.lastIndex = index;
    if (!sticky.test(TEXT)) continue;
    const sign = index === TEXT.length ? END_OF_TEXT : Math.min(TEXT.charCodeAt(index), OTHER_CHARACTER);
    assert.equal(first[sign], 1, `/${source}/${flags} begins with ${JSON.stringify(TEXT.charAt(index))}`);
    const isEdge = /\w/.test(TEXT.charAt(index - 1)) !== /\w/.test(TEXT.charAt(index));
    assert.ok(isEdge || !atWordEdge, `/${source}/${flags} begins within a word`);
  }
}

test('wherever a rule of any grammar matches, the table says that it may', () => {
  let rules = 0;
  const seen = new Set<unknown>();
  const visit = (mode: unknown, flags: string) => {
    if (typeof mode !== 'object' || mode === null || seen.has(mode)) return;
    seen.add(mode);
    const { contains, starts, matcher, beginRe, endRe, illegalRe, keywordPatternRe } = mode as {
      contains?: unknown[];
      starts?: unknown;
      matcher?: { rules: Array<[string | RegExp, unknown]> };
      [name: string]: unknown;
    };
    const listed = matcher?.rules.map(([one]) => (typeof one === 'string' ? one : one.source)) ?? [];
    const own = [beginRe, endRe, illegalRe, keywordPatternRe].flatMap((one) =>
      one instanceof RegExp ? [one.source] : [],
    );
    for (const source of [...listed, ...own]) {
      const key = `${flags}/${source}`;
      if (seen.has(key)) continue;
      seen.add(key);
      rules += 1;
      assertCovers(source, flags);
    }
    for (const one of contains ?? []) visit(one, flags);
    visit(starts, flags);
  };
  for (const name of hljs.listLanguages()) {
    hljs.highlight('', { language: name });
    const grammar = hljs.getLanguage(name) as
      | { case_insensitive?: boolean; unicodeRegex?: boolean }
      | undefined;
    visit(grammar, `m${grammar?.case_insensitive ? 'i' : ''}${grammar?.unicodeRegex ? 'u' : ''}`);
  }
  assert.ok(rules > 2_000, `only ${rules} rules`);
});

test('every kind of syntax is read; what is not known may begin anywhere', () => {
  for (const source of [
    'a|b',
    '(?:a|)b',
    'a?b',
    'a*b',
    'a+',
    'a{0,2}b',
    'a{2}',
    '{',
    'a{',
    '[a-c]',
    '[^a-c]',
    '[\\w-.]',
    '[-a]',
    '[a-]',
    '[]a]',
    '[^]',
    '[\\b]',
    '\\bdef',
    '(?:\\bdef|\\bEnd)',
    '\\B',
    '(?=d)\\w',
    '(?!d)\\w',
    '(?<=d)e',
    '(?<!d)e',
    '(?<n>a)\\k<n>',
    '(a)\\1',
    '^',
    '$',
    '.',
    '\\d',
    '\\D',
    '\\s',
    '\\S',
    '\\W',
    '\\x41',
    '\\u0041',
    '\\/',
    '\\$',
    '(?=[^])',
    '',
    '(?:(?=a)|b)c',
    '(\\w)\\1?x',
    '(?:a?){2}b',
    '[\\s\\S]',
  ]) {
    for (const flags of ['m', 'mi']) assertCovers(source, flags);
  }
  for (const source of ['\\p{L}', '\\u{1F600}', '[\\u{61}-c]', 'K', '\\bdef', '[^k]', '\\P{L}']) {
    assertCovers(source, 'mu');
    assertCovers(source, 'miu');
  }
  assert.ok(firstCharacters('\\cA', 'm').first.every((one) => one === 1));
});

test('the table is narrow where it can be', () => {
  const signs = (source: string) =>
    [...firstCharacters(source, 'm').first.entries()].flatMap(([sign, one]) =>
      one === 1 ? [sign < OTHER_CHARACTER ? String.fromCharCode(sign) : sign] : [],
    );
  assert.deepEqual(signs('(?:if|for)\\b'), ['f', 'i']);
  assert.deepEqual(signs('(?=<)[^a]'), ['<']);
  assert.deepEqual(signs('x?$'), ['\n', '\r', 'x', OTHER_CHARACTER, END_OF_TEXT]);
  assert.equal(compiledExpression('\\b(?:if|for)\\b', 'm').atWordEdge, true);
});
