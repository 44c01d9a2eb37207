import assert from 'node:assert/strict';
import test from 'node:test';
import { fault } from '#base/fault.ts';
import { dispatchRpc } from './dispatch.ts';
import { nameParams } from './envelope.ts';
import { createFaultCatalogue } from './fault-catalogue.ts';

const catalogue = createFaultCatalogue([]);

async function ask(text: string): Promise<unknown> {
  const answer = await dispatchRpc(text, {
    catalogue,
    language: 'en',
    traceId: 't',
    onUnexpected: () => undefined,
    execute: async ({ method, params }) => {
      switch (method) {
        case 'subtract': {
          const { minuend, subtrahend } = nameParams(params, ['minuend', 'subtrahend']) as Record<
            string,
            number
          >;
          return (minuend ?? 0) - (subtrahend ?? 0);
        }
        case 'crash':
          throw new Error('/secret/path');
        default:
          throw fault('common.method_not_found', { method });
      }
    },
  });
  return answer === null ? null : JSON.parse(answer);
}

const errorCode = (answer: unknown) => (answer as { error: { code: number } }).error.code;

test('answers params by position and by name', async () => {
  assert.deepEqual(await ask('{"jsonrpc":"2.0","method":"subtract","params":[42,23],"id":1}'), {
    jsonrpc: '2.0',
    id: 1,
    result: 19,
  });
  assert.deepEqual(
    await ask('{"jsonrpc":"2.0","method":"subtract","params":{"subtrahend":23,"minuend":42},"id":"a"}'),
    {
      jsonrpc: '2.0',
      id: 'a',
      result: 19,
    },
  );
});

test('a notification gets no answer, also when it fails', async () => {
  assert.equal(await ask('{"jsonrpc":"2.0","method":"subtract","params":[1,1]}'), null);
  assert.equal(await ask('{"jsonrpc":"2.0","method":"nothing"}'), null);
});

test('the ids null and 0 are answered', async () => {
  assert.deepEqual(await ask('{"jsonrpc":"2.0","method":"subtract","params":[1,1],"id":null}'), {
    jsonrpc: '2.0',
    id: null,
    result: 0,
  });
  assert.deepEqual(await ask('{"jsonrpc":"2.0","method":"subtract","params":[1,1],"id":0}'), {
    jsonrpc: '2.0',
    id: 0,
    result: 0,
  });
});

for (const [text, code] of [
  ['{"jsonrpc":"2.0","method":"foobar,"params":"bar","baz]', -32700],
  ['[{"jsonrpc":"2.0","method"', -32700],
  ['[]', -32600],
  ['1', -32600],
  ['{"jsonrpc":"2.0","method":1,"params":"bar"}', -32600],
  ['{"jsonrpc":"2.0","method":"x","id":{}}', -32600],
  ['{"method":"x","id":1}', -32600],
  ['{"jsonrpc":"2.0","method":"__proto__","id":1}', -32601],
  ['{"jsonrpc":"2.0","method":"toString","id":1}', -32601],
  ['{"jsonrpc":"2.0","method":"subtract","params":[1,2,3],"id":1}', -32602],
] as const) {
  test(`answers ${text} with ${code}`, async () => assert.equal(errorCode(await ask(text)), code));
}

test('a batch that is not empty answers an array, whatever is in it', async () => {
  const answer = (await ask('[1,2]')) as unknown[];
  assert.equal(answer.length, 2);
  assert.deepEqual(answer.map(errorCode), [-32600, -32600]);
});

test('a mixed batch answers each call and no notification', async () => {
  const answer = await ask(
    `[{"jsonrpc":"2.0","method":"subtract","params":[2,1],"id":"1"},
      {"jsonrpc":"2.0","method":"subtract","params":[7,1]},
      {"foo":"boo"},
      {"jsonrpc":"2.0","method":"foo.get","id":"5"}]`,
  );
  assert.deepEqual(
    (answer as { id: unknown }[]).map(({ id }) => id),
    ['1', null, '5'],
  );
});

test('a batch of notifications alone has no answer', async () => {
  assert.equal(await ask('[{"jsonrpc":"2.0","method":"subtract","params":[1,1]}]'), null);
});

test('a batch has an upper bound', async () => {
  const call = '{"jsonrpc":"2.0","method":"subtract","params":[1,1],"id":1}';
  assert.equal(errorCode(await ask(`[${Array(101).fill(call).join(',')}]`)), -32600);
});

test('an unexpected error tells a trace id and nothing of the inside', async () => {
  const answer = await ask('{"jsonrpc":"2.0","method":"crash","id":1}');
  assert.equal(errorCode(answer), -32603);
  assert.doesNotMatch(JSON.stringify(answer), /secret/);
});
