import { expect, test } from 'vitest';
import type { Step } from './agent-queries.ts';
import { reasonText } from './reasons.ts';
import { filesOf, linesOf, outcomeOf, partsOf, refusedOf } from './step-lines.ts';

let sequence = 0;
const step = (kind: Step['kind'], data: Record<string, unknown>): Step => ({
  sequence: ++sequence,
  at: new Date(sequence * 1_000).toISOString(),
  kind,
  data,
});
const called = (text = '') => step('model', { answer: { text, toolCalls: [{ name: 'x' }] } });
const tool = (name: string, input: object, result = '') =>
  step('tool', { name, arguments: JSON.stringify(input), result });

test('work of one kind in a row is one line with its tools counted and its time', () => {
  const lines = linesOf([
    step('started', {}),
    called(),
    tool('read_file', { path: 'a.ts' }),
    called(),
    tool('read_file', { path: 'b.ts' }),
    called(),
    tool('find', { text: 'x' }),
    tool('write_file', { path: 'a.ts' }),
    tool('run', { command: 'npm', args: ['test'] }, 'exit code 1\nno'),
    step('check', { when: 'after', passed: true }),
  ]);
  expect(lines.map(({ kind, tools, passed }) => [kind, tools, passed])).toEqual([
    [
      'read',
      [
        { name: 'read_file', count: 2 },
        { name: 'find', count: 1 },
      ],
      undefined,
    ],
    ['edit', [{ name: 'write_file', count: 1 }], undefined],
    ['run', [{ name: 'npm test', count: 1 }], false],
    ['check', [], true],
  ]);
  expect(filesOf(lines[0] as never)).toEqual(['a.ts', 'b.ts']);
  expect(lines[0]?.durationMs).toBe(5_000);
});

test('the conversation: words part the steps, questions and answers stand where they were', () => {
  const parts = partsOf([
    step('queued', { task: 'do' }),
    tool('read_file', { path: 'a' }),
    called('Now I know.'),
    tool('read_file', { path: 'b' }),
    step('escalated', { from: 'weak', to: 'strong', code: 'agents.stuck', reason: null }),
    step('asked', { question: 'May I?' }),
    step('replied', { text: 'yes' }),
    step('completed', { summary: 'Done.' }),
    step('applied', { paths: ['a'] }),
  ]);
  const textOf = (part: (typeof parts)[number]) =>
    part.kind === 'lines' ? part.lines.length : part.kind === 'escalated' ? part.to : part.text;
  expect(parts.map((part) => [part.kind, textOf(part)])).toEqual([
    ['lines', 1],
    ['words', 'Now I know.'],
    ['lines', 1],
    ['escalated', 'strong'],
    ['question', 'May I?'],
    ['reply', 'yes'],
    ['words', 'Done.'],
    ['lines', 1],
  ]);
});

test('arguments that are no JSON, and unknown steps, are shown and break nothing', () => {
  const odd = { sequence: 1, at: new Date(0).toISOString(), kind: 'later', data: {} } as unknown as Step;
  expect(linesOf([odd]).map(({ kind }) => kind)).toEqual(['note']);
  const [line] = linesOf([step('tool', { name: 'run', arguments: '{broken' })]);
  expect(line?.tools).toHaveLength(1);
  expect(filesOf(linesOf([step('tool', { name: 'edit_file', arguments: '"x"' })])[0] as never)).toEqual([]);
});

test('words without a call are words when tools were offered; a call that was written as text is none', () => {
  const tools = [{ name: 'x' }];
  const said = (text: string, question: object) =>
    step('model', { question, answer: { text, toolCalls: [] } });
  const parts = partsOf([
    said('I think.', { tools }),
    said('{"name": "find"}', { tools }),
    said('```js\n1\n```', {}),
  ]);
  expect(
    parts.map((part) =>
      part.kind === 'lines' ? part.lines.map(({ kind }) => kind) : 'text' in part && part.text,
    ),
  ).toEqual(['I think.', ['think']]);
});

test('a refused write is no changed file, in logs of this version and of earlier ones', () => {
  const input = JSON.stringify({ path: 'a.ts' });
  const refused = {
    code: 'holds_already',
    data: {},
    en: 'a.ts holds this already',
    de: 'a.ts enthält das schon',
  };
  const now = step('tool', { name: 'write_file', arguments: input, result: 'Refused: …', refused });
  const asks = step('tool', { name: 'write_file', arguments: input, asks: 'ask' });
  for (const [nothing, outcome] of [
    [now, 'refused'],
    [asks, 'asked'],
    [tool('write_file', { path: 'a.ts' }, 'Refused: files.protected'), 'refused'],
    [tool('edit_file', { path: 'a.ts' }, 'Not changed: these lines are not in the file: x.'), 'refused'],
    [tool('write_file', { path: 'a.ts' }, 'Not written: it does not parse.'), 'refused'],
    [tool('edit_file', { path: 'a.ts' }, 'a.ts is not there, or is no text file.'), 'refused'],
  ] as const) {
    expect(outcomeOf(nothing)).toBe(outcome);
    expect(filesOf(linesOf([nothing])[0] as never)).toEqual([]);
  }
  const [line] = linesOf([now, tool('write_file', { path: 'b.ts' }, 'b.ts is written.')]);
  expect([filesOf(line as never), refusedOf(line as never)]).toEqual([['b.ts'], [now]]);
});

test('a reason is told in the language of its reader; one of an earlier version as it was written', () => {
  const reason = {
    code: 'call_repeated',
    data: { tool: 'find' },
    en: 'it repeated find',
    de: 'es wiederholte find',
  };
  expect(reasonText(reason, 'en')).toBe('it repeated find');
  expect(reasonText(reason, 'de')).toBe('es wiederholte find');
  expect(reasonText('it repeated find', 'de')).toBe('it repeated find');
  for (const none of [undefined, null, 7, {}, { en: 1 }]) expect(reasonText(none, 'de')).toBe('');
  const [escalated] = partsOf([step('escalated', { from: 'a', to: 'b', code: 'agents.stuck', reason })]);
  expect(escalated).toMatchObject({ kind: 'escalated', reason });
});
