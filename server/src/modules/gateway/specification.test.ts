import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { eventually } from '#kernel/testing/eventually.ts';
import { type RpcMessage, type TestGateway, testGateway } from './testing.ts';

// Every case of https://www.jsonrpc.org/specification, over both transports.

let gateway: TestGateway;
before(async () => {
  gateway = await testGateway();
});
after(() => gateway[Symbol.asyncDispose]());

/** The answer to a text; undefined when there is none. */
type Ask = (text: string) => Promise<unknown>;

const transports: Readonly<Record<string, () => Promise<Ask>>> = {
  '/rpc': async () => async (text) => {
    const response = await gateway.post(text);
    if (response.status === 204) {
      assert.equal(await response.text(), '');
      return undefined;
    }
    assert.equal(response.status, 200);
    assert.match(response.headers.get('content-type') ?? '', /^application\/json/);
    return response.json();
  },
  '/ws': async () => {
    const connection = await gateway.connect();
    return async (text) => {
      const seen = connection.messages.length;
      connection.send(text);
      // A call behind it is answered later, so what has not come by then does not come.
      const marker = await connection.call('probe.echo', {});
      const between = connection.messages.slice(seen).filter((message) => message !== marker);
      assert.ok(between.length <= 1, 'one text has one answer');
      return between[0];
    };
  },
};

const request = (fields: object) => JSON.stringify({ jsonrpc: '2.0', ...fields });
const subtract = (params: unknown, id: unknown) => request({ method: 'probe.subtract', params, id });
const result = (value: unknown, id: unknown) => ({ jsonrpc: '2.0', id, result: value });

function assertError(answer: unknown, code: number, id: unknown): void {
  const { error, ...rest } = answer as RpcMessage;
  assert.equal(error?.code, code, JSON.stringify(answer));
  assert.equal(typeof error?.message, 'string');
  assert.deepEqual(rest, { jsonrpc: '2.0', id });
}

for (const [path, open] of Object.entries(transports)) {
  test(`${path}: params by position and by name`, async () => {
    const ask = await open();
    assert.deepEqual(await ask(subtract([42, 23], 1)), result(19, 1));
    assert.deepEqual(await ask(subtract([23, 42], 2)), result(-19, 2));
    assert.deepEqual(await ask(subtract({ subtrahend: 23, minuend: 42 }, 3)), result(19, 3));
    assertError(await ask(subtract([1, 2, 3], 4)), -32602, 4);
    assertError(await ask(request({ method: 'probe.admin', params: [1], id: 5 })), -32003, 5);
    assertError(await ask(request({ method: 'probe.fail', params: ['fault'], id: 6 })), -32602, 6);
  });

  test(`${path}: ids of every kind come back as they were`, async () => {
    const ask = await open();
    for (const id of [0, -1, 1.5, '', 'a string', '0', null]) {
      assert.deepEqual(await ask(subtract([3, 2], id)), result(1, id), `id ${JSON.stringify(id)}`);
    }
    for (const id of [true, {}, [1]]) assertError(await ask(subtract([3, 2], id)), -32600, null);
  });

  test(`${path}: a notification has no answer, whatever becomes of it`, async () => {
    const ask = await open();
    assert.equal(await ask(request({ method: 'probe.subtract', params: [1, 2] })), undefined);
    assert.equal(await ask(request({ method: 'no.such.method' })), undefined);
    assert.equal(await ask(request({ method: 'probe.subtract', params: 'x'.split('') })), undefined);
    assert.equal(await ask(request({ method: 'probe.count', params: { upTo: 3 } })), undefined);
  });

  test(`${path}: text that is no JSON`, async () => {
    const ask = await open();
    for (const text of [
      '{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]',
      '[{"jsonrpc":"2.0","method":"sum","params":[1,2,4],"id":"1"},{"jsonrpc":"2.0","method"',
      '',
      ' ',
      'undefined',
      "{'jsonrpc':'2.0'}",
      '\u0000',
    ]) {
      assertError(await ask(text), -32700, null);
    }
  });

  test(`${path}: JSON that is no request`, async () => {
    const ask = await open();
    for (const text of ['1', 'null', 'true', '"text"', '{}', '{"method":1}', '{"jsonrpc":"2.0"}']) {
      assertError(await ask(text), -32600, null);
    }
    assertError(await ask('{"jsonrpc":"2.0","method":1,"params":"bar"}'), -32600, null);
    assertError(await ask('{"jsonrpc":"2.0","method":1,"id":7}'), -32600, 7);
    assertError(await ask('{"jsonrpc":"1.0","method":"probe.subtract","params":[2,1],"id":8}'), -32600, 8);
    assertError(await ask('{"method":"probe.subtract","params":[2,1],"id":9}'), -32600, 9);
    assertError(await ask('{"jsonrpc":"2.0","method":"probe.subtract","params":"bar","id":10}'), -32600, 10);
    assertError(await ask('{"jsonrpc":"2.0","method":"probe.subtract","params":null,"id":11}'), -32600, 11);
  });

  test(`${path}: methods that do not exist, also those that every object has`, async () => {
    const ask = await open();
    for (const method of ['foobar', '', '__proto__', 'constructor', 'toString', 'hasOwnProperty', 'probe']) {
      assertError(await ask(request({ method, id: '1' })), -32601, '1');
    }
    for (const method of ['probe.secret', 'auth.introspect', 'probe.rest']) {
      assertError(await ask(request({ method, id: '1' })), -32601, '1');
    }
  });

  test(`${path}: batches`, async () => {
    const ask = await open();
    assertError(await ask('[]'), -32600, null);

    const one = (await ask('[1]')) as unknown[];
    assert.equal(one.length, 1);
    assertError(one[0], -32600, null);

    const three = (await ask('[1,2,3]')) as unknown[];
    assert.equal(three.length, 3);
    for (const answer of three) assertError(answer, -32600, null);

    const single = (await ask(`[${subtract([2, 1], 0)}]`)) as unknown[];
    assert.deepEqual(single, [result(1, 0)]);

    const mixed = (await ask(
      `[${[
        subtract([4, 2], '1'),
        request({ method: 'probe.subtract', params: [7, 1] }),
        subtract([42, 23], '2'),
        '{"foo": "boo"}',
        request({ method: 'foo.get', params: { name: 'myself' }, id: '5' }),
        request({ method: 'probe.echo', params: { value: 'x' }, id: null }),
      ].join(',')}]`,
    )) as RpcMessage[];
    assert.equal(mixed.length, 5);
    const byId = new Map(mixed.filter((answer) => answer.id !== null).map((answer) => [answer.id, answer]));
    assert.deepEqual(byId.get('1'), result(2, '1'));
    assert.deepEqual(byId.get('2'), result(19, '2'));
    assertError(byId.get('5'), -32601, '5');
    const withoutId = mixed.filter((answer) => answer.id === null);
    assert.deepEqual(withoutId.find((answer) => answer.result !== undefined)?.result, { value: 'x' });
    assertError(
      withoutId.find((answer) => answer.error !== undefined),
      -32600,
      null,
    );
  });

  test(`${path}: a batch of nothing but notifications has no answer`, async () => {
    const ask = await open();
    const notification = request({ method: 'probe.subtract', params: [1, 2] });
    assert.equal(await ask(`[${notification},${notification}]`), undefined);
  });

  test(`${path}: a batch has a largest size`, async () => {
    const ask = await open();
    const many = (count: number) =>
      `[${Array.from({ length: count }, (_, id) => subtract([2, 1], id)).join(',')}]`;
    assert.equal(((await ask(many(100))) as unknown[]).length, 100);
    assertError(await ask(many(101)), -32600, null);
  });

  test(`${path}: errors carry code, detail, hint and trace, and nothing from inside`, async () => {
    const ask = await open();
    const refused = (await ask(
      request({ method: 'probe.fail', params: { kind: 'fault' }, id: 1 }),
    )) as RpcMessage;
    assert.equal(refused.error?.code, -32030);
    assert.equal(refused.error?.message, 'Refused because of a test.');
    const { traceId, ...data } = refused.error?.data ?? {};
    assert.match(String(traceId), /^[0-9a-f]{32}$/);
    assert.deepEqual(data, {
      code: 'probe.refused',
      detail: 'Refused because of a test.',
      hint: 'Ask otherwise.',
      reason: 'a test',
    });
    const broken = await ask(request({ method: 'probe.fail', params: { kind: 'error' }, id: 2 }));
    assertError(broken, -32603, 2);
    assert.doesNotMatch(JSON.stringify(broken), /root|Error|stack/);
  });

  test(`${path}: unknown and wrong params are named`, async () => {
    const ask = await open();
    const named = async (params: string) => {
      const answer = (await ask(
        `{"jsonrpc":"2.0","id":1,"method":"probe.subtract","params":${params}}`,
      )) as RpcMessage;
      assertError(answer, -32602, 1);
      return answer.error?.data.field;
    };
    assert.equal(await named('{"minuend":1}'), 'subtrahend');
    assert.equal(await named('{"minuend":1,"subtrahend":"2"}'), 'subtrahend');
    assert.equal(await named('{"minuend":1,"subtrahend":2,"extra":3}'), 'extra');
    assert.equal(await named('{"minuend":1,"subtrahend":2,"constructor":3}'), 'constructor');
  });

  test(`${path}: keys that objects inherit do no harm`, async () => {
    const ask = await open();
    const answer = (await ask(
      '{"jsonrpc":"2.0","id":1,"method":"probe.echo","params":{"value":{"__proto__":{"admin":true},"a":1}}}',
    )) as RpcMessage;
    assert.equal(JSON.stringify(answer.result), '{"value":{"__proto__":{"admin":true},"a":1}}');
    assert.equal(({} as { admin?: boolean }).admin, undefined);
    const asParam = (await ask(
      '{"jsonrpc":"2.0","id":1,"method":"probe.echo","params":{"__proto__":{"value":1}}}',
    )) as RpcMessage;
    assert.ok(asParam.error?.code === -32602 || JSON.stringify(asParam.result) === '{}');
    assertError(await ask('{"jsonrpc":"2.0","id":1,"__proto__":{"method":"probe.echo"}}'), -32600, 1);
  });

  test(`${path}: deep and wide JSON is answered, not a crash`, async () => {
    const ask = await open();
    assertError(await ask('['.repeat(100_000)), -32700, null);
    const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
    assertError(await ask(nested(50_000)), -32600, null);
    const echo = (value: string) =>
      `{"jsonrpc":"2.0","id":1,"method":"probe.echo","params":{"value":${value}}}`;
    assertError(await ask(echo(nested(50_000))), -32600, null);
    assert.notEqual(((await ask(echo(nested(190)))) as RpcMessage).result, undefined);
    const brackets = JSON.stringify(`"${'['.repeat(1_000)}\\"${'{'.repeat(1_000)}`);
    assert.deepEqual(((await ask(echo(brackets))) as RpcMessage).result, { value: JSON.parse(brackets) });
    const keys = Array.from({ length: 50_000 }, (_, index) => `"k${index}":1`).join(',');
    assertError(
      await ask(`{"jsonrpc":"2.0","id":1,"method":"probe.subtract","params":{${keys}}}`),
      -32602,
      1,
    );
  });

  test(`${path}: a field of a megabyte is read when the method takes it, and refused when it does not`, async () => {
    const ask = await open();
    const megabyte = 'ä'.repeat(1_000_000);
    const taken = (await ask(
      request({ method: 'probe.public', params: { text: megabyte }, id: 1 }),
    )) as RpcMessage;
    assert.equal((taken.result as { length: number }).length, 1_000_000);
    const refused = await ask(
      request({ method: 'probe.public', params: { text: megabyte.repeat(3) }, id: 1 }),
    );
    assertError(refused, -32602, 1);
    assert.ok(JSON.stringify(refused).length < 2_000, 'the refusal does not repeat the input');
    const longName = await ask(request({ method: 'm'.repeat(1_000_000), id: 1 }));
    assertError(longName, -32601, 1);
    assert.ok(JSON.stringify(longName).length < 2_000);
    const longKey = await ask(
      request({ method: 'probe.subtract', params: { ['k'.repeat(1_000_000)]: 1 }, id: 1 }),
    );
    assert.ok(JSON.stringify(longKey).length < 2_000);
  });
}

test('/ws: answers to quick calls do not wait for slow ones', async () => {
  const connection = await gateway.connect();
  connection.send({ jsonrpc: '2.0', id: 'slow', method: 'probe.slow' });
  connection.send({ jsonrpc: '2.0', id: 'quick', method: 'probe.echo', params: {} });
  await eventually(() => assert.equal(connection.messages.length, 2));
  assert.deepEqual(
    (connection.messages as RpcMessage[]).map((message) => [message.id, message.error?.code]),
    [
      ['quick', undefined],
      ['slow', -32050],
    ],
  );
});
