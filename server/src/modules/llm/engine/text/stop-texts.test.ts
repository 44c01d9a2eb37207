import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StopTexts } from './stop-texts.ts';

function run(stops: readonly string[], pieces: readonly string[]): { text: string; stopped: boolean } {
  const matcher = new StopTexts(stops);
  let text = '';
  for (const piece of pieces) {
    const step = matcher.push(piece);
    text += step.text;
    if (step.stopped) return { text, stopped: true };
  }
  return { text: text + matcher.end(), stopped: false };
}

test('a stop text is found wherever the pieces are cut, and the earliest one counts', () => {
  const whole = 'one two three END four';
  for (let cut = 0; cut <= whole.length; cut += 1) {
    const pieces = [whole.slice(0, cut), whole.slice(cut)];
    assert.deepEqual(run(['END', 'four', 'never'], pieces), { text: 'one two three ', stopped: true });
  }
  assert.deepEqual(run(['END'], [...whole]), { text: 'one two three ', stopped: true });
});

test('what only begins like a stop text comes out in the end', () => {
  assert.deepEqual(run(['aab'], [...'aaaaa']), { text: 'aaaaa', stopped: false });
  assert.deepEqual(run(['aab'], [...'aaaab!']), { text: 'aa', stopped: true });
  assert.deepEqual(run([], ['x']), { text: 'x', stopped: false });
  assert.deepEqual(run([''], ['x']), { text: 'x', stopped: false });
});
