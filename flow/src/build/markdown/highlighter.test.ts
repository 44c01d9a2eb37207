import assert from 'node:assert/strict';
import test from 'node:test';
import hljs from 'highlight.js';
import { createHighlighter, readLanguages } from './highlighter.ts';

test('the table of languages knows every name that highlight.js knows, and no other', () => {
  const { nameOf } = readLanguages();
  const known = new Set(hljs.listLanguages());
  assert.equal(new Set(nameOf.values()).size, known.size);
  for (const name of known) {
    for (const one of [name, ...(hljs.getLanguage(name)?.aliases ?? [])]) {
      const own = nameOf.get(one);
      assert.equal(hljs.getLanguage(own ?? '')?.name, hljs.getLanguage(one)?.name, one);
    }
  }
});

const SAMPLE: Readonly<Record<string, string>> = {
  html: '<style>a{color:red}</style><script>let x = html`<b>`</script><p class="a">text</p>',
  js: 'const q = gql`{ a }`; const s = css`a{}`; <div>{x}</div>',
  yaml: 'a: <% puts 1 %>\nb: [1, two]\n',
  dockerfile: 'FROM a\nRUN echo "$X" && ls\n',
  pgsql: 'CREATE FUNCTION f() RETURNS int AS $$ return 1 $$ LANGUAGE plpython3u;',
  perl: '@@ x\n__DATA__\n<% 1 %>',
  http: 'GET / HTTP/1.1\nContent-Type: application/json\n\n{"a": 1}',
  console: '$ ls -l "$HOME"\nfile\n',
  dart: '/// **bold** `x`\nvoid main() {}',
};

test('a block looks the same whether the whole library is loaded or only what it needs', () => {
  for (const [language, code] of Object.entries(SAMPLE)) {
    const whole = hljs.highlight(code, { language, ignoreIllegals: true }).value;
    assert.equal(createHighlighter().highlight(code, language), whole, language);
  }
});

test('what was highlighted before does not matter', () => {
  const used = createHighlighter();
  for (const [language, code] of Object.entries(SAMPLE)) used.highlight(code, language);
  for (const [language, code] of Object.entries(SAMPLE).reverse())
    assert.equal(used.highlight(code, language), createHighlighter().highlight(code, language), language);
});

test('an unknown language and a block beyond the limit are escaped text', () => {
  const highlighter = createHighlighter();
  assert.equal(highlighter.highlight('<a>', 'no-such'), '&lt;a&gt;');
  assert.equal(highlighter.highlight('<', '__proto__'), '&lt;');
  const large = '<'.repeat(200_001);
  assert.equal(highlighter.highlight(large, 'js'), '&lt;'.repeat(200_001));
});
