import assert from 'node:assert/strict';
import test from 'node:test';
import { createMeter } from '../accounting/meter.ts';
import { createStreamReader } from './stream-reader.ts';

function readerOf(includeUsage = true) {
  const meter = createMeter();
  const reader = createStreamReader({
    provider: 'up',
    key: undefined,
    meter,
    includeUsage,
    maxEventBytes: 1e6,
  });
  return { meter, reader, push: (text: string) => reader.push(Buffer.from(text))?.toString() ?? '' };
}

const chunk = (choices: object[], rest: object = {}) =>
  `data: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', created: 1, model: 'm', choices, ...rest })}\n\n`;
const piece = (content: string, rest: object = {}) =>
  chunk([{ index: 0, delta: { content }, finish_reason: null }], rest);
const end = chunk([{ index: 0, delta: {}, finish_reason: 'stop' }]);

test('events pass byte for byte, whether they are parsed or known by the ones before them', () => {
  const { reader, meter, push } = readerOf();
  const events = ['one', ' two', ' "three"', '\\', ' é😀', '\n', ' four'].map((text) => piece(text));
  assert.equal(push(events.slice(0, 3).join('')), events.slice(0, 3).join(''));
  for (const event of events.slice(3)) assert.equal(push(event), event);
  assert.equal(meter.completionTokens, 7);
  assert.equal(push(`${end}data: [DONE]\n\n`), end);
  assert.equal(reader.done, true);
  reader.end();
});

test('what only looks like the events before it is parsed all the same', () => {
  for (const [bad, reason] of [
    ['data: {"id":"x","object":"chat.completion.chunk" oops\n\n', /not JSON/],
    [piece('a').replace('"a"', '"a","b"'), /not JSON/],
    [piece('a').replace('"a"', '"a\t"'), /not JSON/],
    [piece('a').replace('"a"', '"a\\"'), /not JSON/],
    ['data: {"error":{"message":"slow down"}}\n\n', /slow down/],
  ] as const) {
    const { reader, push } = readerOf();
    assert.equal(push(piece('one') + piece('two') + bad + piece('three')), piece('one') + piece('two'));
    assert.match(String((reader.failure as { data?: { reason?: string } }).data?.reason), reason);
  }
});

test('an end, usage and another answer are seen among events that are known', () => {
  const { reader, meter, push } = readerOf(false);
  const usage = chunk([], { usage: { prompt_tokens: 20, completion_tokens: 5 } });
  const other = chunk([{ index: 1, delta: { content: 'b' }, finish_reason: null }]);
  const all = [piece('a'), piece('b'), other, piece('c'), other, end, end.replace('"index":0', '"index":1')];
  assert.equal(push([...all, usage].join('')), all.join(''));
  assert.deepEqual([meter.promptTokens, meter.completionTokens], [20, 5]);
  reader.end();
});

test('usage that is told with every event, or at first only, does not stop the count', () => {
  const told = (completion_tokens: number) => ({ usage: { prompt_tokens: 7, completion_tokens } });
  const every = readerOf();
  for (let count = 1; count <= 5; count += 1) every.push(piece('word', told(count)));
  assert.equal(every.meter.completionTokens, 5);
  const first = readerOf();
  first.push(piece('word', told(0)));
  for (let count = 0; count < 5; count += 1) first.push(piece('word'));
  assert.deepEqual([first.meter.promptTokens, first.meter.completionTokens], [7, 5]);
  const half = readerOf();
  half.push(piece('word') + chunk([], { usage: { prompt_tokens: 7 } }));
  assert.equal(half.meter.completionTokens, 1);
  half.push(chunk([], { usage: { prompt_tokens: 7, total_tokens: 10 } }));
  assert.equal(half.meter.completionTokens, 3);
});

test('an event that holds many tokens counts as many: leaving before the usage comes does not make them cheap', () => {
  const { meter, push } = readerOf();
  for (let count = 0; count < 10; count += 1) push(piece('forty characters that are about ten toke'));
  assert.equal(meter.completionTokens, 67);
  const tool = readerOf();
  const args = { tool_calls: [{ index: 0, function: { arguments: 'x'.repeat(400) } }] };
  tool.push(chunk([{ index: 0, delta: args }]));
  assert.ok(tool.meter.completionTokens >= 67);
});
