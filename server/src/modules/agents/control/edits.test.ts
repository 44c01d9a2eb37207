import assert from 'node:assert/strict';
import test from 'node:test';
import { type Edit, readSearchReplace, readWholeFile } from './edits.ts';

const content = (edit: Edit) => (edit.kind === 'content' ? edit.content : assert.fail(edit.reason.en));
const reason = (edit: Edit) =>
  edit.kind === 'problem' ? edit.reason.en : assert.fail(`accepted: ${edit.content}`);
const before = 'export function one() {\n  return 1;\n}\n\nexport function two() {\n  return 2;\n}\n';

test('a whole file is read from its fence, whatever is said around it', () => {
  assert.equal(content(readWholeFile('Sure!\n```ts\nconst a = 1;\n```\nDone.', 'x', 'x.ts')), 'const a = 1;');
  assert.equal(content(readWholeFile('````md\n```\nx\n```\n````', 'y\n', 'x.ts')), '```\nx\n```\n');
});

test('fault personas: no fence, an open fence, elision, an empty file and no change are told apart', () => {
  assert.match(reason(readWholeFile('const a = 1;', 'x', 'x.ts')), /no fenced block/);
  assert.match(reason(readWholeFile('```ts\nconst a = 1;', 'x', 'x.ts')), /not closed/);
  for (const line of [
    '// ... rest of the code here',
    '# ... existing code ...',
    '/* remaining functions unchanged */',
    '<!-- ... -->',
    '// …',
  ]) {
    assert.match(
      reason(readWholeFile(`\`\`\`\nconst a = 1;\n${line}\n\`\`\``, before, 'x.ts')),
      /left out/,
      line,
    );
  }
  assert.match(reason(readWholeFile('```\n\n```', before, 'x.ts')), /empty/);
  assert.match(reason(readWholeFile(`\`\`\`\n${before}\`\`\``, before, 'x.ts')), /nothing was changed/);
});

test('a comment that was in the file before, and ordinary comments, are no elision', () => {
  const own = '// ... rest of the code here\nlet a = 1;\n';
  assert.equal(content(readWholeFile(`\`\`\`\n${own}let b;\n\`\`\``, own, 'x.ts')), `${own}let b;\n`);
  assert.ok(
    content(
      readWholeFile(
        '```\n// Returns the rest of the list.\n// other users see it\nlet a;\n```',
        'x\n',
        'x.ts',
      ),
    ),
  );
});

test('line ends of the file stay', () => {
  assert.equal(content(readWholeFile('```\na\nb\n```', 'x\r\ny\r\n', 'x.ts')), 'a\r\nb\r\n');
  assert.equal(
    content(readSearchReplace('<<<<<<< SEARCH\ny\n=======\nz\n>>>>>>> REPLACE', 'x\r\ny\r\n')),
    'x\r\nz\r\n',
  );
});

test('search and replace changes the one place it names, also with another indent', () => {
  const block = (search: string, replacement: string) =>
    `<<<<<<< SEARCH\n${search}\n=======\n${replacement}\n>>>>>>> REPLACE`;
  assert.equal(
    content(readSearchReplace(block('  return 1;', '  return $1;'), before)),
    before.replace('return 1', 'return $$1'),
  );
  assert.equal(
    content(readSearchReplace(block('return 2;', 'return 3;'), before)),
    before.replace('return 2', 'return 3'),
  );
  const shifted = content(
    readSearchReplace(
      block('function two() {\n  return 2;', 'function two() {\n  return 4;'),
      '  function two() {\n    return 2;\n  }\n',
    ),
  );
  assert.equal(shifted, '  function two() {\n    return 4;\n  }\n');
  assert.match(reason(readSearchReplace(block('}', ']'), before)), /occur 2 times/);
  assert.match(reason(readSearchReplace(block('return 9;', 'x'), before)), /not in the file/);
  assert.match(reason(readSearchReplace('no block', before)), /no block/);
});
