import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { getLlama, type Llama, LlamaLogLevel } from 'node-llama-cpp';
import { isFault } from '#base/fault.ts';
import { integerRange } from './integer-range.ts';
import { jsonObjectGrammar, schemaGrammar } from './json-schema.ts';
import { createTextValidator } from './validate.ts';

type Schema = Record<string, unknown>;

/** The engine's own reading of a grammar: whether it would let this text through. */
interface Tester {
  _testText(text: string): boolean;
}

const person = {
  type: 'object',
  properties: {
    a: { type: 'string' },
    b: { type: 'integer', minimum: 1, maximum: 10 },
    c: { type: 'boolean' },
  },
  additionalProperties: false,
};
const list = {
  type: 'object',
  properties: { v: { type: 'integer' }, next: { anyOf: [{ $ref: '#/$defs/list' }, { type: 'null' }] } },
  required: ['v', 'next'],
};

const cases: readonly (readonly [
  name: string,
  schema: Schema,
  good: readonly string[],
  bad: readonly string[],
])[] = [
  [
    'required and optional properties, each once and in order',
    { ...person, required: ['b'] },
    ['{"b":1}', '{"a":"x","b":10}', '{"a": "x", "b": 2, "c": true}', '{"b":3,"c":false}'],
    [
      '{}',
      '{"a":"x"}',
      '{"b":11}',
      '{"b":0}',
      '{"c":true,"b":1}',
      '{"b":1,"b":1}',
      '{"a":"x" "b":1}',
      '{,"b":1}',
    ],
  ],
  [
    'properties that may all be left out',
    person,
    ['{}', '{"a":"x"}', '{"c":true}', '{"a":"x","c":true}', '{"b":1}'],
    ['{"c":true,"a":"x"}', '{"a":"x",}', '{,}'],
  ],
  [
    'an array of an enum with its limits',
    { type: 'array', items: { enum: ['x', 'y"z'] }, minItems: 1, maxItems: 3 },
    ['["x"]', '["x", "y\\"z"]', '["x","x","x"]'],
    ['[]', '["x","x","x","x"]', '["q"]', '["x",]'],
  ],
  [
    'an anchored pattern',
    { type: 'string', pattern: '^[a-z]{2}\\d+(-x|y)?$' },
    ['"ab12"', '"ab1-x"', '"ab1y"'],
    ['"a1"', '"ab"', '"AB1"'],
  ],
  ['a pattern that may stand anywhere', { type: 'string', pattern: 'foo' }, ['"foo"', '"xfooy"'], ['"fo"']],
  [
    'lengths in characters',
    { type: 'string', minLength: 2, maxLength: 3 },
    ['"ab"', '"abc"', '"a\\n"', '"\u{1F600}a"'],
    ['"a"', '"abcd"', '"\\ud83d\\ude00"'],
  ],
  [
    'numbers from 0 to 1',
    { type: 'number', minimum: 0, maximum: 1 },
    ['0', '1', '0.5'],
    ['1.5', '-0.1', '2', '-1'],
  ],
  [
    'numbers below zero',
    { type: 'number', minimum: -2, maximum: -1 },
    ['-1', '-2', '-1.5'],
    ['-0.5', '-2.5', '0', '1.5', '-3'],
  ],
  [
    'numbers around zero, bounds left out',
    { type: 'number', exclusiveMinimum: -3, exclusiveMaximum: 4 },
    ['-2', '-0.5', '0.5', '2.9', '3'],
    ['-3', '4', '3.1', '-2.1'],
  ],
  [
    'a date with time',
    { type: 'string', format: 'date-time' },
    ['"2026-11-24T10:00:00Z"'],
    ['"2026-13-24T10:00:00Z"', '"yesterday"'],
  ],
  [
    'references that lead back',
    { anyOf: [{ type: 'null' }, { $ref: '#/$defs/list' }], $defs: { list } },
    ['null', '{"v":1,"next":null}', '{"v":1,"next":{"v":2,"next":null}}'],
    ['{"v":1}', '{"v":1,"next":3}'],
  ],
  ['several types', { type: ['string', 'null'], maxLength: 2 }, ['null', '"ab"'], ['"abc"', '1']],
  [
    'a map',
    { type: 'object', additionalProperties: { type: 'integer' } },
    ['{}', '{"a":1,"b":2}'],
    ['{"a":"x"}'],
  ],
  [
    'a tuple',
    { type: 'array', prefixItems: [{ type: 'integer' }, { type: 'string' }] },
    ['[1,"a"]'],
    ['[1]', '[1,"a",2]'],
  ],
  [
    'parts of an allOf together',
    {
      allOf: [
        { type: 'object', properties: { a: { type: 'integer' } }, required: ['a'] },
        { properties: { b: { type: 'integer' } }, required: ['b'] },
      ],
    },
    ['{"a":1,"b":2}'],
    ['{"a":1}'],
  ],
  [
    'a required property that is described nowhere',
    { type: 'object', required: ['x'] },
    ['{"x":[1]}'],
    ['{}'],
  ],
];

const refused: readonly (readonly [name: string, schema: Schema])[] = [
  ['patternProperties', { type: 'object', patternProperties: {} }],
  ['look-ahead', { type: 'string', pattern: '(?=x)y' }],
  ['alternatives across the anchors', { type: 'string', pattern: '^a|b$' }],
  ['a back reference', { type: 'string', pattern: '(a)\\1' }],
  ['multipleOf', { type: 'number', multipleOf: 2 }],
  ['uniqueItems', { type: 'array', uniqueItems: true }],
  ['contains', { type: 'array', contains: {} }],
  ['not', { not: {} }],
  ['if', { if: {} }],
  ['a reference elsewhere', { $ref: 'http://example.org/schema' }],
  ['a reference to itself', { $ref: '#' }],
  ['references in a circle', { $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/a' } } }],
  ['a reference to nothing', { $ref: '#/$defs/none' }],
  ['bounds without a whole number between', { type: 'integer', minimum: 0.2, maximum: 0.8 }],
  ['a format that no grammar knows', { type: 'string', format: 'email' }],
  ['a type that there is not', { type: 'money' }],
  ['what nothing can be', { properties: { a: false } }],
  ['a keyword that nobody knows', { type: 'string', contentEncoding: 'base64' }],
  ['properties beside anyOf', { anyOf: [{ type: 'object' }], properties: {} }],
  [
    'a schema of thousands of parts',
    { anyOf: Array.from({ length: 3_000 }, () => ({ type: 'string', maxLength: 3 })) },
  ],
];

describe('grammars of JSON schemas, as the engine reads them', () => {
  let llama: Llama;
  before(async () => {
    llama = await getLlama({ gpu: false, build: 'never', maxThreads: 1, logLevel: LlamaLogLevel.error });
  });

  async function tester(grammar: string): Promise<Tester> {
    return (await llama.createGrammar({ grammar })) as unknown as Tester;
  }

  for (const [name, schema, good, bad] of cases) {
    test(name, async () => {
      const grammar = await tester(schemaGrammar(schema));
      const validate = createTextValidator(schema);
      for (const text of good) {
        assert.ok(grammar._testText(text), `lets ${text} through`);
        assert.equal(validate(text), null, `${text} is valid`);
      }
      for (const text of bad) assert.ok(!grammar._testText(text), `stops ${text}`);
    });
  }

  test('any JSON object', async () => {
    const grammar = await tester(jsonObjectGrammar());
    for (const text of ['{}', '{"a": [1,2.5,-3e5,"x\\n",null,true,{}]}'])
      assert.ok(grammar._testText(text), text);
    for (const text of ['[]', '{a:1}', '{"a":1,}', '"x"']) assert.ok(!grammar._testText(text), text);
  });
});

for (const [name, schema] of refused) {
  test(`refuses ${name}: what can’t be enforced is never ignored`, () => {
    assert.throws(
      () => schemaGrammar(schema),
      (error) => isFault(error, 'llm.schema_unsupported') && typeof error.data.path === 'string',
    );
  });
}

test('a range of whole numbers matches exactly its numbers', () => {
  const expression = (range: string): RegExp =>
    new RegExp(`^(?:${range.replaceAll(/"([^"]*)"/g, '$1').replaceAll(' ', '')})$`);
  for (const [least, most] of [
    [0, 0],
    [-5, -5],
    [1, 65_535],
    [-1_234, 987],
    [99, 101],
    [1_000, 2_000],
    [-10, 0],
  ] as const) {
    const range = expression(integerRange(least, most));
    for (let value = least - 120; value <= most + 120; value += 1) {
      assert.equal(
        range.test(String(value)),
        value >= least && value <= most,
        `${value} of ${least} to ${most}`,
      );
    }
    assert.ok(!range.test(`0${most}`));
  }
});
