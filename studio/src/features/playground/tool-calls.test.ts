import { expect, test } from 'vitest';
import { formatArguments, type ToolCall, textOfCalls, withPieces } from './tool-calls.ts';

test('calls come in pieces, numbered or not, and are put together', () => {
  let calls: readonly ToolCall[] = [];
  calls = withPieces(calls, [{ index: 0, function: { name: 'weather', arguments: '{"city":' } }]);
  calls = withPieces(calls, [{ index: 0, function: { arguments: '"Bern"}' } }]);
  calls = withPieces(calls, [{ index: 1, function: { name: 'time', arguments: '{}' } }]);
  expect(calls).toEqual([
    { name: 'weather', arguments: '{"city":"Bern"}' },
    { name: 'time', arguments: '{}' },
  ]);
  expect(withPieces([], [{ index: 7, function: { name: 'far' } }, {}])).toHaveLength(2);
});

test('arguments are shown as formatted JSON, and as they are while they are none', () => {
  expect(formatArguments('{"city":"Bern"}')).toBe('{\n  "city": "Bern"\n}');
  expect(formatArguments('{"city":')).toBe('{"city":');
  expect(textOfCalls([{ name: 'time', arguments: '{}' }])).toBe('time({})');
});
