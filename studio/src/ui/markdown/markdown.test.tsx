import { renderToStaticMarkup } from 'react-dom/server';
import { beforeAll, expect, test, vi } from 'vitest';
import { createHighlighter } from '../code/highlighter.ts';
import { languageNamed, languageOfPath } from '../code/languages.ts';
import { plainLines } from '../code/pieces.ts';
import { blocksOf } from './blocks.ts';
import { Markdown } from './markdown.tsx';

beforeAll(() => {
  vi.stubGlobal('document', { documentElement: { lang: 'en' } });
});

const drawn = (text: string) => renderToStaticMarkup(<Markdown text={text} />);

test('draws headings, lists, tables, code and emphasis', () => {
  const html = drawn('# Plan\n\n1. *first*\n2. **second** `x`\n\n| a | b |\n|---|---|\n| 1 | 2 |\n');
  expect(html).toContain('<h3>Plan</h3>');
  expect(html).toContain('<ol><li><em>first</em></li><li><strong>second</strong> <code>x</code></li></ol>');
  expect(html).toContain('<td>2</td>');
});

test('HTML of an answer stays text', () => {
  const html = drawn('<script>alert(1)</script>\n\nand <img src=x onerror=alert(1)> here');
  expect(html).not.toMatch(/<(script|img)/);
  expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
});

test('links lead only out of the studio, by web or mail', () => {
  const html = drawn(
    '[a](javascript:alert(1)) [b](/account) [c](https://example.org/x) [d](data:text/html,x)',
  );
  expect([...html.matchAll(/href="([^"]*)"/g)].map((match) => match[1])).toEqual(['https://example.org/x']);
  expect(html).toContain('rel="noreferrer noopener nofollow"');
});

test('pictures are offered as links and never loaded', () => {
  const html = drawn('![secret](https://evil.example/?q=key)');
  expect(html).not.toContain('<img');
  expect(html).toContain('href="https://evil.example/?q=key"');
});

test('a fence that is still open counts to the end, and finished blocks stay as they are', () => {
  const before = blocksOf('One.\n\n```ts\nconst a');
  const after = blocksOf('One.\n\n```ts\nconst a = 1;\n');
  expect(before.map(({ source }) => source)[0]).toBe(after.map(({ source }) => source)[0]);
  expect(drawn('One.\n\n```ts\nconst a')).toContain('const a');
});

test('coloured code says the same as plain code, line by line', () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is code to be coloured
  const code = 'const a = `x ${b("<&\'>")}`;\n/* two\n lines */\nclass A<T> {}\n';
  const lines = createHighlighter()(code, 'typescript');
  const textOf = (all: ReturnType<typeof plainLines>) =>
    all.map((pieces) => pieces.map(({ text }) => text).join(''));
  expect(textOf(lines)).toEqual(textOf(plainLines(code)));
  expect(lines[1]?.[0]?.classes).toBe('hljs-comment');
  expect(lines[2]?.[0]?.classes).toBe('hljs-comment');
});

test('knows languages by their names and by files', () => {
  const highlight = createHighlighter();
  for (const name of ['ts', 'TSX', 'py', 'html', 'sh', 'yml', 'rs', 'dockerfile', 'toml', 'c++', 'kt']) {
    expect(() => highlight('x', languageNamed(name) ?? name)).not.toThrow();
  }
  expect(languageNamed('brainfuck')).toBeNull();
  expect(languageOfPath('src/a.test.ts')).toBe('typescript');
  expect(languageOfPath('LICENSE')).toBeNull();
});
