import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ToolSyntax } from './syntax.ts';
import { toolSyntaxOf } from './syntax.ts';
import { createToolParser } from './tool-parser.ts';

const call = { name: 'add', arguments: '{"a":1,"text":"}{\\"</tool_call"}' };
const json = '{"name": "add", "arguments": {"a": 1, "text": "}{\\"</tool_call"}}';
const llamaJson = json.replace('arguments', 'parameters');

interface Outcome {
  readonly text: string;
  readonly calls: readonly (typeof call)[];
}

function parse(syntax: ToolSyntax, pieces: readonly string[]): Outcome {
  const parser = createToolParser(syntax, ['add', 'sub']);
  const parts = [...pieces.flatMap((piece) => parser.push(piece)), ...parser.end()];
  return {
    text: parts.map((part) => (part.kind === 'text' ? part.text : '')).join(''),
    calls: parts.flatMap((part) => (part.kind === 'call' ? [part.call] : [])),
  };
}

const cases: readonly (readonly [name: string, syntax: ToolSyntax, text: string, outcome: Outcome])[] = [
  [
    'tags with text before',
    'hermes',
    `Let me see.\n<tool_call>\n${json}\n</tool_call>`,
    { text: 'Let me see.\n', calls: [call] },
  ],
  [
    'several tags',
    'hermes',
    `<tool_call>${json}</tool_call>\n<tool_call>${json}</tool_call>`,
    { text: '', calls: [call, call] },
  ],
  ['a forgotten closing tag', 'hermes', `<tool_call>\n${json}`, { text: '', calls: [call] }],
  [
    'a tag with an unknown tool',
    'hermes',
    '<tool_call>{"name":"rm"}</tool_call>',
    { text: '<tool_call>{"name":"rm"}</tool_call>', calls: [] },
  ],
  [
    'a tag without JSON',
    'hermes',
    'a <tool_call>oops</tool_call> b',
    { text: 'a <tool_call>oops</tool_call> b', calls: [] },
  ],
  ['text that looks like a tag at its end', 'hermes', '1 <tool', { text: '1 <tool', calls: [] }],
  ['Mistral’s list', 'mistral', `[TOOL_CALLS][${json}, ${json}]`, { text: '', calls: [call, call] }],
  [
    'Mistral’s newer form',
    'mistral',
    '[TOOL_CALLS]sub[ARGS]{"a": 2}[TOOL_CALLS]add{"a": 3}',
    {
      text: '',
      calls: [
        { name: 'sub', arguments: '{"a":2}' },
        { name: 'add', arguments: '{"a":3}' },
      ],
    },
  ],
  ['Mistral’s text', 'mistral', 'No [TOOL', { text: 'No [TOOL', calls: [] }],
  ['Llama’s object', 'llama3', llamaJson, { text: '', calls: [call] }],
  [
    'Llama’s objects after its tag',
    'llama3',
    `<|python_tag|>${llamaJson}; ${llamaJson}`,
    { text: '', calls: [call, call] },
  ],
  ['JSON that is no call', 'llama3', '{"answer": 42}', { text: '{"answer": 42}', calls: [] }],
  ['text', 'llama3', 'It is {"name": "add"}', { text: 'It is {"name": "add"}', calls: [] }],
  ['an object in a fence', 'generic', `\`\`\`json\n${json}\n\`\`\``, { text: '', calls: [call] }],
  [
    'OpenAI’s own form',
    'generic',
    '{"function": {"name": "add", "arguments": "{\\"a\\": 1}"}}',
    { text: '', calls: [{ name: 'add', arguments: '{"a":1}' }] },
  ],
  [
    'arguments that are no object',
    'generic',
    '{"name": "add", "arguments": [1]}',
    { text: '{"name": "add", "arguments": [1]}', calls: [] },
  ],
];

describe('tool calls in what a model writes', () => {
  for (const [name, syntax, text, outcome] of cases) {
    test(`${syntax}: ${name}, however it is cut into pieces`, () => {
      assert.deepEqual(parse(syntax, [text]), outcome);
      assert.deepEqual(parse(syntax, [...text]), outcome);
      for (let cut = 1; cut < text.length; cut += 1) {
        assert.deepEqual(parse(syntax, [text.slice(0, cut), text.slice(cut)]), outcome, `cut at ${cut}`);
      }
    });
  }

  test('text is shown as soon as it can’t be a call any more', () => {
    const parser = createToolParser('llama3', ['add']);
    assert.deepEqual(parser.push('Hello'), [{ kind: 'text', text: 'Hello' }]);
    assert.deepEqual(parser.push(' {'), [{ kind: 'text', text: ' {' }]);
  });

  test('the syntax is read off the chat template', () => {
    assert.equal(toolSyntaxOf('… <tool_call> …'), 'hermes');
    assert.equal(toolSyntaxOf('{{ "[TOOL_CALLS] [" }}'), 'mistral');
    assert.equal(toolSyntaxOf('<|python_tag|>'), 'llama3');
    assert.equal(toolSyntaxOf('{{ messages }}'), 'generic');
  });
});
