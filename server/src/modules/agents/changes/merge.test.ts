import assert from 'node:assert/strict';
import test from 'node:test';
import { linesOf, matchesOf, unifiedDiff } from './diff-lines.ts';
import { mergeTexts } from './merge.ts';

/** A small generator (xorshift), so that a failing case can be repeated. */
function numbers(seed: number): (below: number) => number {
  let state = seed || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const words = ['a\n', 'b\n', 'c\n', '}\n', '\n', 'x\r\n'];
const randomText = (next: (below: number) => number) =>
  Array.from({ length: next(14) }, () => words[next(words.length)]).join('');

test('a diff is a way from one text to the other, for 3,000 random pairs', () => {
  const next = numbers(7);
  for (let round = 0; round < 3000; round += 1) {
    const [a, b] = [linesOf(randomText(next)), linesOf(randomText(next))];
    let [x, y] = [0, 0];
    for (const match of matchesOf(a, b)) {
      assert.ok(match.a >= x && match.b >= y && match.length > 0);
      assert.deepEqual(a.slice(match.a, match.a + match.length), b.slice(match.b, match.b + match.length));
      [x, y] = [match.a + match.length, match.b + match.length];
    }
    assert.ok(x <= a.length && y <= b.length);
  }
});

test('a merge with one side unchanged gives the other side, for 3,000 random texts, and is symmetric', () => {
  const next = numbers(11);
  for (let round = 0; round < 3000; round += 1) {
    const [base, mine, theirs] = [randomText(next), randomText(next), randomText(next)];
    assert.deepEqual(mergeTexts(base, base, { proposed: theirs }), { kind: 'clean', text: theirs });
    assert.deepEqual(mergeTexts(base, mine, { proposed: base }), { kind: 'clean', text: mine });
    assert.deepEqual(mergeTexts(base, mine, { proposed: mine }), { kind: 'clean', text: mine });
    const [one, other] = [
      mergeTexts(base, mine, { proposed: theirs }),
      mergeTexts(base, theirs, { proposed: mine }),
    ];
    assert.equal(one.kind, other.kind);
    if (one.kind === 'clean' && other.kind === 'clean') assert.equal(one.text, other.text);
  }
});

test('changes at different places merge, with their own line ends; at the same place they conflict', () => {
  const base = 'one\r\ntwo\r\nthree\r\nfour';
  assert.deepEqual(mergeTexts(base, `zero\r\n${base}`, { proposed: `${base}\r\nfive` }), {
    kind: 'clean',
    text: `zero\r\n${base}\r\nfive`,
  });
  const conflict = mergeTexts('a\nb\nc\n', 'a\nmine\nc\n', { proposed: 'a\ntheirs\nc\n' });
  assert.deepEqual(conflict, {
    kind: 'conflict',
    hunks: [
      {
        startLine: 2,
        base: 'b\n',
        present: 'mine\n',
        proposed: 'theirs\n',
        contextBefore: 'a\n',
        contextAfter: 'c\n',
      },
    ],
  });
});

test('a unified diff shows what changed, and a missing last line break', () => {
  const { diff, added, removed } = unifiedDiff('a\nb\nc\n', 'a\nB\nc');
  assert.deepEqual([added, removed], [2, 2]);
  assert.match(diff, /^@@ -1,3 \+1,3 @@\n a\n-b\n-c\n\+B\n\+c\n\\ No newline/);
});
