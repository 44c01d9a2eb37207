import assert from 'node:assert/strict';
import test from 'node:test';
import { type Edit, type EditFormat, readEdit } from './edits.ts';

const file = [
  'import { a } from "./a.js";',
  '',
  'export function one(x) {',
  '  if (x) {',
  '    return 1;',
  '  }',
  '  return 0;',
  '}',
  '',
  'export function two() {',
  '  return 2;',
  '}',
  '',
].join('\n');
const changed = file.replace('return 2', 'return 3');
const fence = (text: string, info = 'js') => `\`\`\`${info}\n${text}\`\`\``;
const hunk = (head: string) => `${head}\n export function two() {\n-  return 2;\n+  return 3;\n }\n`;

/** What models answer; a string is the content that must come of it, a pattern the problem that must be told. */
const cases: readonly {
  name: string;
  answer: string;
  before?: string;
  format?: EditFormat;
  path?: string;
  gives: string | RegExp;
}[] = [
  {
    name: 'talk around the fence',
    answer: `Sure! Here it is:\n\n${fence(changed)}\n\nI changed two.`,
    gives: changed,
  },
  {
    name: 'no line break before the closing fence',
    answer: `\`\`\`js\n${changed.trimEnd()}\n\`\`\``,
    gives: changed,
  },
  {
    name: 'a fence in a list, indented',
    answer: `1. Do it:\n\n   \`\`\`js\n${changed.replace(/^(?=.)/gm, '   ')}   \`\`\`\n`,
    gives: changed,
  },
  { name: 'tildes', answer: `~~~\n${changed}~~~`, gives: changed },
  {
    name: 'several fences: the longest is the file',
    answer: `${fence('npm test\n', 'sh')}\n${fence(changed)}`,
    gives: changed,
  },
  {
    name: 'an answer with CRLF for a file with LF',
    answer: fence(changed).replaceAll('\n', '\r\n'),
    gives: changed,
  },
  {
    name: 'an answer with LF for a file with CRLF',
    before: file.replaceAll('\n', '\r\n'),
    answer: fence(changed),
    gives: changed.replaceAll('\n', '\r\n'),
  },
  {
    name: 'a file with a byte order mark keeps it',
    before: `\uFEFF${file}`,
    answer: fence(changed),
    gives: `\uFEFF${changed}`,
  },
  {
    name: 'a mark that the answer made up is taken out',
    answer: `\uFEFF${fence(`\uFEFF${changed}`)}`,
    gives: changed,
  },
  {
    name: 'a file without a last line break stays so',
    before: file.trimEnd(),
    answer: fence(changed),
    gives: changed.trimEnd(),
  },
  { name: 'an open fence', answer: `\`\`\`js\n${changed}`, gives: /not closed/ },
  { name: 'no fence', answer: changed, gives: /no fenced block/ },
  {
    name: 'only the function of a long file',
    before: `${file}${'export const c = 1;\n'.repeat(60)}`,
    answer: fence('export function two() {\n  return 3;\n}\n'),
    gives: /must be whole/,
  },
  {
    name: 'search and replace where the whole file was asked for',
    answer: '<<<<<<< SEARCH\n  return 2;\n=======\n  return 3;\n>>>>>>> REPLACE',
    gives: changed,
  },
  {
    name: 'search and replace in a fence',
    format: 'searchReplace',
    answer: fence('<<<<<<< SEARCH\n  return 2;\n=======\n  return 3;\n>>>>>>> REPLACE\n', ''),
    gives: changed,
  },
  {
    name: 'search without indent',
    format: 'searchReplace',
    answer: '<<<<<<< SEARCH\nreturn 2;\n=======\nreturn 3;\n>>>>>>> REPLACE',
    gives: changed,
  },
  {
    name: 'search with tabs for spaces',
    format: 'searchReplace',
    answer:
      '<<<<<<< SEARCH\nexport function two() {\n\treturn 2;\n=======\nexport function two() {\n  return 3;\n>>>>>>> REPLACE',
    gives: changed,
  },
  {
    name: 'search with CRLF',
    format: 'searchReplace',
    answer: '<<<<<<< SEARCH\r\n  return 2;\r\n=======\r\n  return 3;\r\n>>>>>>> REPLACE\r\n',
    gives: changed,
  },
  {
    name: 'a whole file where blocks were asked for',
    format: 'searchReplace',
    answer: fence(changed),
    gives: /no block/,
  },
  {
    name: 'search of what is not there',
    format: 'searchReplace',
    answer: '<<<<<<< SEARCH\n  return 9;\n=======\n  return 3;\n>>>>>>> REPLACE',
    gives: /not in the file/,
  },
  {
    name: 'a proper diff',
    format: 'diff',
    answer: fence(`--- a/src/x.js\n+++ b/src/x.js\n${hunk('@@ -10,3 +10,3 @@')}`, 'diff'),
    gives: changed,
  },
  {
    name: 'a diff where the whole file was asked for',
    answer: fence(`--- a/src/x.js\n+++ b/src/x.js\n${hunk('@@ -10,3 +10,3 @@')}`, 'diff'),
    gives: changed,
  },
  { name: 'wrong line numbers', format: 'diff', answer: fence(hunk('@@ -99,7 +1,2 @@')), gives: changed },
  { name: 'a head without numbers', format: 'diff', answer: fence(hunk('@@ ... @@')), gives: changed },
  { name: 'no head at all', format: 'diff', answer: fence(hunk('').trimStart()), gives: changed },
  {
    name: 'no fence around the diff',
    format: 'diff',
    answer: `--- a/src/x.js\n+++ b/src/x.js\n${hunk('@@ -1 +1 @@')}`,
    gives: changed,
  },
  {
    name: 'context without its space',
    format: 'diff',
    answer: fence('@@ -1,3 +1,3 @@\nexport function two() {\n-  return 2;\n+  return 3;\n}\n'),
    gives: changed,
  },
  {
    name: 'another indent in the diff',
    format: 'diff',
    answer: fence('@@ -1,3 +1,3 @@\n-return 2;\n+return 3;\n'),
    gives: changed,
  },
  {
    name: 'a diff with CRLF for a file with CRLF',
    format: 'diff',
    before: file.replaceAll('\n', '\r\n'),
    answer: fence(hunk('@@ -1 +1 @@')).replaceAll('\n', '\r\n'),
    gives: changed.replaceAll('\n', '\r\n'),
  },
  {
    name: 'a diff of several files: only the hunks of this one',
    format: 'diff',
    answer: fence(
      `--- a/y.js\n+++ b/y.js\n@@ -1 +1 @@\n-q\n+r\n--- a/src/x.js\n+++ b/src/x.js\n${hunk('@@ -1 +1 @@')}`,
    ),
    gives: changed,
  },
  {
    name: 'a diff of other files only',
    format: 'diff',
    answer: fence(
      '--- a/y.js\n+++ b/y.js\n@@ -1 +1 @@\n-q\n+r\n--- a/z.js\n+++ b/z.js\n@@ -1 +1 @@\n-q\n+r\n',
    ),
    gives: /no hunk/,
  },
  {
    name: 'two hunks, the second one after a shift',
    format: 'diff',
    answer: fence(
      `@@ -3,2 +3,3 @@\n export function one(x) {\n+  // checked\n   if (x) {\n${hunk('@@ -10 +10 @@')}`,
    ),
    gives: changed.replace('  if (x)', '  // checked\n  if (x)'),
  },
  {
    name: 'a hunk that fits twice without a right number',
    format: 'diff',
    before: 'a\nb\na\nb\n',
    answer: fence('@@ -9 +9 @@\n-a\n+c\n'),
    gives: /occur 2 times/,
  },
  {
    name: 'a hunk that fits twice, and its number says which',
    format: 'diff',
    before: 'a\nb\na\nb\n',
    answer: fence('@@ -3 +3 @@\n-a\n+c\n'),
    gives: 'a\nb\nc\nb\n',
  },
  {
    name: 'a diff that makes a file',
    format: 'diff',
    before: '',
    answer: fence('--- /dev/null\n+++ b/src/x.js\n@@ -0,0 +1,2 @@\n+a\n+b\n'),
    gives: 'a\nb\n',
  },
  {
    name: 'a hunk with nothing around it',
    format: 'diff',
    answer: fence('@@ @@\n+x\n'),
    gives: /place is not known/,
  },
  {
    name: 'a patch file is a file',
    path: 'fix.patch',
    before: 'x\n',
    answer: `\`\`\`\n--- a/b\n+++ b/b\n@@ -1 +1 @@\n-q\n+r\n\`\`\``,
    gives: '--- a/b\n+++ b/b\n@@ -1 +1 @@\n-q\n+r\n',
  },
  {
    name: 'a file about search and replace',
    before: '<<<<<<< SEARCH\n',
    answer: `\`\`\`md\n<<<<<<< SEARCH\nx\n\`\`\``,
    gives: '<<<<<<< SEARCH\nx\n',
  },
  {
    name: 'elision in a diff',
    format: 'diff',
    answer: fence(hunk('@@ -1 +1 @@').replace('+  return 3;', '+  // ... existing code ...')),
    gives: /left out/,
  },
  {
    name: 'elision in search and replace',
    format: 'searchReplace',
    answer: '<<<<<<< SEARCH\n  return 2;\n=======\n  // rest of the code unchanged\n>>>>>>> REPLACE',
    gives: /left out/,
  },
  {
    name: 'wrong path: named before the fence',
    answer: `lib/other.js\n${fence(changed)}`,
    gives: /for lib\/other\.js, not for src\/x\.js/,
  },
  {
    name: 'wrong path: named in the first line',
    answer: fence(`// ../outside.js\n${changed}`),
    gives: /not for src\/x\.js/,
  },
  {
    name: 'wrong path: named beside the language',
    answer: `\`\`\`js lib/other.js\n${changed}\`\`\``,
    gives: /not for src\/x\.js/,
  },
  { name: 'the right path, shortened', answer: `**x.js**\n${fence(changed)}`, gives: changed },
  {
    name: 'two files: the one that was asked for is taken, though it is shorter',
    answer: `lib/other.js\n${fence(changed.repeat(3))}\nsrc/x.js\n${fence(changed)}`,
    gives: changed,
  },
  {
    name: 'a tool call as text: what it would write is the file',
    answer: `<tool_call>${JSON.stringify({ name: 'write_file', arguments: { path: 'src/x.js', content: changed } })}</tool_call>`,
    gives: changed,
  },
  {
    name: 'a tool call as text, in a fence',
    answer: fence(`${JSON.stringify({ name: 'write', arguments: { content: changed } })}\n`, 'json'),
    gives: changed,
  },
  {
    name: 'a tool call as text for another file',
    answer: JSON.stringify({ name: 'write_file', arguments: { path: '../y.js', content: changed } }),
    gives: /for \.\.\/y\.js/,
  },
  {
    name: 'a tool call as text that writes nothing',
    answer: '<tool_call>{"name":"list_files","arguments":{}}</tool_call>',
    gives: /calls a tool/,
  },
  {
    name: 'a file that is JSON and looks like a call',
    path: 'call.json',
    before: '{}\n',
    answer: fence('{"name":"x","arguments":{"content":"y"}}\n', 'json'),
    gives: '{"name":"x","arguments":{"content":"y"}}\n',
  },
  {
    name: 'repetition of a line',
    answer: fence(`${changed}${'value = value;\n'.repeat(60)}`),
    gives: /repeated over and over/,
  },
  { name: 'repetition of the file', answer: fence(changed.repeat(8)), gives: /repeated over and over/ },
  {
    name: 'no repetition: the file did so before',
    before: 'value = value;\n'.repeat(30),
    answer: fence('value = value;\n'.repeat(31)),
    gives: 'value = value;\n'.repeat(31),
  },
  {
    name: 'no repetition: many closing lines',
    answer: fence(`${changed}${'  ],\n'.repeat(40)}`),
    gives: `${changed}${'  ],\n'.repeat(40)}`,
  },
  { name: 'an empty new file', before: '', answer: fence('\n'), gives: /would be empty/ },
  { name: 'a file that may be empty', path: 'a/__init__.py', before: '', answer: fence('\n'), gives: '\n' },
  ...[
    '// ... rest unchanged',
    '// [rest of the code]',
    '# (rest of the file stays the same)',
    '// Keep the rest of the code as before',
    '// existing imports remain',
    '{/* ... existing JSX ... */}',
    '/* unchanged */',
    '// unchanged',
    '<!-- rest of the content -->',
    '// Other functions remain the same',
  ].map((line) => ({
    name: `elision: ${line}`,
    answer: fence(`${line}\nexport const b = 1;\n`),
    gives: /left out/,
  })),
  ...[
    '// The rest goes to the list.',
    '# previous value, kept for the log',
    '// other users see it',
    '/* same width as the box */',
  ].map((line) => ({
    name: `no elision: ${line}`,
    answer: fence(`${line}\n${changed}`),
    gives: `${line}\n${changed}`,
  })),
];

for (const { name, answer, before = file, format = 'whole', path = 'src/x.js', gives } of cases) {
  test(`what models answer: ${name}`, () => {
    const edit: Edit = readEdit(answer, { before, path, format });
    if (typeof gives === 'string') assert.deepEqual(edit, { kind: 'content', content: gives });
    else if (edit.kind === 'problem') assert.match(edit.reason.en, gives);
    else assert.fail(`accepted: ${edit.content}`);
  });
}
