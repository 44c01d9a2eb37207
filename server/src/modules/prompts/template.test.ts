import assert from 'node:assert/strict';
import test from 'node:test';
import { isFault } from '#base/fault.ts';
import type { Variables } from './contract-shapes.ts';
import { parseDefinition } from './definition.ts';
import { generate, hashOf } from './generate.ts';
import { extendLibrary, type Library } from './library.ts';

interface Draft {
  readonly body: string;
  readonly variables?: readonly object[];
  readonly steps?: readonly object[];
  readonly id?: string;
  readonly kind?: string;
}

const description = { en: 'x', de: 'x' };

function textOf({ body, variables = [], steps, id = 'trial.one', kind = 'prompt' }: Draft): string {
  const header = {
    id,
    kind,
    version: 1,
    title: description,
    description,
    variables: variables.map((variable) => ({ description, ...variable })),
    ...(steps === undefined ? {} : { steps }),
    tests: [{ name: 'a', expect: { contains: ['a'] } }],
  };
  return `---\n${JSON.stringify(header)}\n---\n${body}\n`;
}

function libraryOf(...drafts: Draft[]): Library {
  return drafts.reduce<Library>(
    (library, draft) => extendLibrary(library, [parseDefinition(textOf(draft), 'project')]),
    new Map(),
  );
}

function fill(draft: Draft, values: Variables = {}): string {
  return generate(libraryOf(draft), 'trial.one', values).output;
}

function refusal(work: () => unknown): Record<string, unknown> {
  try {
    work();
  } catch (error) {
    if (isFault(error)) return { code: error.code, ...error.data };
    throw error;
  }
  throw new Error('it was accepted');
}

const text = (name: string) => ({ name, type: 'text' });

test('a value is text and never a template, whatever it holds', () => {
  const draft = { body: '{{a}}-{{b}}', variables: [text('a'), text('b')] };
  assert.equal(fill(draft, { a: '{{b}}{{#if b}}', b: '$& $1 {{a}}' }), '{{b}}{{#if b}}-$& $1 {{a}}');
});

test('blocks alone on their lines take the lines with them, inline ones do not', () => {
  const variables = [
    { name: 'items', type: 'list' },
    { name: 'on', type: 'boolean' },
  ];
  const body =
    'a\n{{#each items as item}}\n{{position}} {{item}}\n{{/each}}\n{{#if on}}\nyes\n{{else}}\nno\n{{/if}}\nz{{#if on}}!{{/if}}';
  assert.equal(fill({ body, variables }, { items: ['x', 'y'], on: true }), 'a\n1 x\n2 y\nyes\nz!');
  assert.equal(fill({ body, variables }, { items: [], on: false }), 'a\nno\nz');
});

test('filters say what they leave out, and pick fences that the text cannot close', () => {
  const variables = [text('a')];
  assert.equal(
    fill({ body: '{{a | first 1}}', variables }, { a: '1\n2\n3' }),
    '1\n[2 more lines are not shown]',
  );
  assert.equal(fill({ body: '{{a | fence "ts"}}', variables }, { a: '````' }), '`````ts\n````\n`````');
  assert.equal(fill({ body: '{{a | upper}} {{a | slug}}', variables }, { a: 'iß Ä' }), 'Iß Ä i');
});

test('the line of a mistake is told', () => {
  assert.deepEqual(refusal(() => fill({ body: 'a\nb\n{{#if}}' })).code, 'prompts.definition_invalid');
  const found = refusal(() => fill({ body: 'a\nb {{nope' }));
  assert.equal(found.line, 5);
  assert.match(String(found.reason), /not closed/);
  for (const body of ['{{/if}}', '{{#each a}}', '{{a | nofilter}}', '{{#if a}}x', '{{A}}', '{{a "}}']) {
    assert.equal(
      refusal(() => fill({ body, variables: [text('a')] })).code,
      'prompts.definition_invalid',
      body,
    );
  }
});

test('names without a value, unknown formulas and circles are refused before anything is filled', () => {
  assert.match(String(refusal(() => libraryOf({ body: '{{nothing}}' })).reason), /no variable nothing/);
  assert.match(String(refusal(() => libraryOf({ body: '{{> formula.none}}' })).reason), /no formula/);
  const circle = { body: '{{> trial.one}}', kind: 'formula' };
  assert.match(String(refusal(() => libraryOf(circle)).reason), /circle/);
});

test('values of the wrong type, unknown ones and half characters are refused', () => {
  const draft = {
    body: 'x',
    variables: [
      { name: 'count', type: 'integer', default: 1 },
      { name: 'file', type: 'path', default: 'a' },
      { name: 'title', type: 'line', default: '' },
      { name: 'pick', type: 'choice', values: ['a'], default: 'a' },
    ],
  };
  const bad: Variables[] = [
    { count: 1.5 },
    { count: '1' },
    { file: '../x' },
    { file: '/etc' },
    { title: 'a\nb' },
    { title: '\ud800' },
    { pick: 'toString' },
    { other: 1 },
  ];
  for (const values of bad) {
    assert.equal(refusal(() => fill(draft, values)).code, 'prompts.variable_invalid', JSON.stringify(values));
  }
});

test('a rendering that would grow without end is refused', () => {
  const variables = [{ name: 'items', type: 'list' }];
  const body = '{{#each items as a}}{{#each items as b}}{{#each items as c}}{{a}}{{/each}}{{/each}}{{/each}}';
  const items = Array.from({ length: 200 }, () => 'x');
  assert.equal(refusal(() => fill({ body, variables }, { items })).code, 'prompts.too_large');
});

test('no file of a prompt lies outside of its folder', () => {
  const draft = { body: 'x\n=== file {{where}} ===\ny', variables: [{ name: 'where', type: 'line' }] };
  const files = (where: string) => generate(libraryOf(draft), 'trial.one', { where }).files;
  assert.deepEqual(files('a/b.md'), [{ path: 'a/b.md', content: 'y\n' }]);
  for (const where of ['../a', '/a', 'a//b', '.git/hooks/x', '']) {
    assert.equal(refusal(() => files(where)).code, 'prompts.variable_invalid', where);
  }
});

test('line ends and a byte order mark of the file do not change the text', () => {
  const unix = textOf({ body: 'a\n{{#if x}}\nb\n{{/if}}\nc', variables: [text('x')] });
  const windows = `\uFEFF${unix.replaceAll('\n', '\r\n')}`;
  const [first, second] = [unix, windows].map((given) =>
    generate(extendLibrary(new Map(), [parseDefinition(given, 'project')]), 'trial.one', { x: 'y' }),
  );
  assert.deepEqual(first, second);
});

test('two different results never have the same hash by moving a border', () => {
  const hashes = [
    hashOf('ab', []),
    hashOf('a', [{ path: 'b', content: '' }]),
    hashOf('', [{ path: 'a', content: 'b' }]),
    hashOf('', [{ path: 'ab', content: '' }]),
  ];
  assert.equal(new Set(hashes).size, hashes.length);
});

test('a file made to overflow the stack or to be read for minutes is refused like any other broken one', () => {
  const refused = (body: string) =>
    assert.throws(
      () => parseDefinition(textOf({ body }), 'project'),
      (error) => isFault(error, 'prompts.definition_invalid'),
    );
  refused('{{#if a}}'.repeat(20_000) + '{{/if}}'.repeat(20_000));
  refused(`{{"${'\\"'.repeat(100_000)}}}`);
  refused(`${'{{#if true}}'.repeat(101)}x${'{{/if}}'.repeat(101)}`);
  parseDefinition(textOf({ body: `${'{{#if true}}'.repeat(50)}x${'{{/if}}'.repeat(50)}` }), 'project');
});

test('long runs of blanks and line breaks are read once, not once for each of them', () => {
  // At this length the work of one look for each blank takes minutes; one look in all takes milliseconds.
  const before = performance.now();
  parseDefinition(textOf({ body: `${' '.repeat(250_000)}x\n{{#if true}}\ny\n{{/if}}` }), 'project');
  parseDefinition(textOf({ body: `${'\n'.repeat(250_000)}x` }), 'project');
  assert.ok(performance.now() - before < 30_000);
});
