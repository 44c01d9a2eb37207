import assert from 'node:assert/strict';
import test from 'node:test';
import { readEdit, replaceText } from './edits.ts';
import { withEndsOf } from './line-ends.ts';

const block = (search: string, replacement: string) =>
  `<<<<<<< SEARCH\n${search}\n=======\n${replacement}\n>>>>>>> REPLACE\n`;

test('an edit leaves the ends of all other lines alone, whichever the file has', () => {
  for (const [before, after] of [
    ['a\nb\nc\n', 'a\nB\nc\n'],
    ['a\r\nb\r\nc\r\n', 'a\r\nB\r\nc\r\n'],
    ['a\r\nb\nc\r\n', 'a\r\nB\nc\r\n'],
    ['\na\r\nb\nc\r\n', '\na\r\nB\nc\r\n'],
    ['\uFEFFa\r\nb\nc', '\uFEFFa\r\nB\nc'],
    ['a\nb\nc\r\nd', 'a\nB\nc\r\nd'],
  ] as const) {
    const edits = [
      replaceText(before, 'b', 'B'),
      readEdit(block('b', 'B'), { before, path: 'x.txt', format: 'searchReplace' }),
      readEdit('@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n', { before, path: 'x.txt', format: 'diff' }),
      readEdit(
        `\`\`\`\n${before.replace('b', 'B').replaceAll('\r\n', '\n').replace('\uFEFF', '')}\n\`\`\`\n`,
        {
          before,
          path: 'x.txt',
          format: 'whole',
        },
      ),
    ];
    // A block ends with a break of its own, so that the whole file may have had one more than it shows.
    for (const edit of edits.slice(0, 3))
      assert.deepEqual(edit, { kind: 'content', content: after }, JSON.stringify(before));
    assert.equal(edits[3]?.kind, 'content', JSON.stringify(before));
  }
});

test('lines that come get the end of the line before; what goes takes nothing else with it', () => {
  assert.equal(withEndsOf('a\r\nb\n', 'a\nnew\nb\nend\n'), 'a\r\nnew\r\nb\nend\n');
  assert.equal(withEndsOf('a\r\nb\nc\r\n', 'a\nc\n'), 'a\r\nc\r\n');
  assert.equal(withEndsOf('x\r\n', ''), '');
  assert.equal(withEndsOf('', 'a'), 'a\n');
});
