import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
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

test('every block of real documentation looks as the library paints it', () => {
  const folder = fileURLToPath(new URL('../../../../node_modules/', import.meta.url));
  const seen = new Set<string>();
  const ours = createHighlighter();
  for (const name of [
    'zod',
    'undici',
    'playwright-core',
    'markdown-it',
    'highlight.js',
    'vite',
    'yaml',
    'ws',
    'semver',
  ]) {
    for (const file of markdownOf(path.join(folder, name))) {
      for (const [, language = '', code = ''] of readFileSync(file, 'utf8').matchAll(
        /^```([\w+#-]+)[^\n]*\n([\s\S]*?)^```/gm,
      )) {
        if (seen.has(`${language}\0${code}`) || !hljs.getLanguage(language)) continue;
        seen.add(`${language}\0${code}`);
        const theirs = hljs.highlight(code, { language, ignoreIllegals: true }).value;
        assert.equal(ours.highlight(code, language), theirs, file);
      }
    }
  }
  assert.ok(seen.size > 50, `only ${seen.size} blocks`);
});

test('modes that refuse a match, refer back, end with their parent or lie in each other are painted the same', () => {
  for (const [language, code] of Object.entries(NESTED)) {
    const theirs = hljs.highlight(code, { language, ignoreIllegals: true }).value;
    assert.equal(createHighlighter().highlight(code, language), theirs, language);
  }
});

const NESTED: Readonly<Record<string, string>> = {
  bash: 'cat <<EOF\n$HOME `ls`\nEOF\nif [ -n "$(x "a $y")" ]; then echo; fi\n',
  cpp: 'auto s = R"x(a ")" b)x"; template<class T> struct A : B<T> { int f() const; };\n#define X(a) \\\n  a\n',
  diff: '@@ -1 +1 @@\n-a\n+b\n',
  lua: '--[==[ long ]] ]==] local s = [[x]]\n',
  markdown: '# a\n\n<b>x</b> **c *d* e**\n\n```js\nlet a\n```\n',
  perl: 's{a}{b}g; my $x = qw/a b/; m!x!; y/a/b/;\n=pod\ntext\n=cut\n',
  php: '<p><?php echo "a {$b["c"]} $d"; /* x */ ?></p>',
  python: 'f"{a!r:>{w}} {{x}}" if b else r"\\n"\n>>> print(1)\n@d\ndef f(a: int = 1) -> str: ...\n',
  ruby: 'x = <<~A + %w[a b]\n  #{y}\nA\n=begin\nz\n=end\n',
  rust: "let s = r#\"a\"#; let c = 'x'; fn f<'a>(x: &'a str) -> u8 { 1_u8 }",
  sql: "select a as \"b\" from c where d = 'e''f' -- g\n",
  tsx:
    'const a = <T,>(x: T) => <div a={`b$' +
    '{c}`}>text {d < e} <br/></div>; type A<B> = B extends C ? 1 : 2;',
  xml: '<!-- a --><a b="c"><![CDATA[ d ]]></a><style>p{a:b}</style><script>1</script>',
};

function* markdownOf(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true }))
    if (entry.isFile() && entry.name.endsWith('.md')) yield path.join(entry.parentPath, entry.name);
}
