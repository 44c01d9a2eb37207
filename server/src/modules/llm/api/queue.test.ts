import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import OpenAI from 'openai';
import { WebSocket } from 'ws';
import { llmContract } from '../contract.ts';
import { machineAnswers, writeChatMachine } from '../testing/chat-machine.ts';
import { type LlmWorld, llmWorld } from '../testing/llm-world.ts';

let it: LlmWorld;

before(async () => {
  it = await llmWorld({
    CDS_LLM_MODEL_PARALLEL: '1',
    CDS_LLM_MODEL_QUEUE: '2',
    CDS_LLM_MODEL_CONTEXT_SIZE: '8192',
  });
  writeChatMachine(path.join(it.modelsDir, 'machine.gguf'));
});
after(() => it[Symbol.asyncDispose]());

const hello = [{ role: 'user' as const, content: 'hi' }];
const forever = [{ role: 'user' as const, content: 'go on forever' }];

function post(body: object, signal?: AbortSignal): Promise<Response> {
  return fetch(`${it.world.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${it.admin.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'machine', temperature: 0, ...body }),
    ...(signal === undefined ? {} : { signal }),
  });
}

/** Takes the model’s only slot until it is disposed; a client that leaves gives it back. */
async function occupied(): Promise<Disposable> {
  const controller = new AbortController();
  // With log probabilities it is slow, and so large that it waits for its reader: it does not end by itself meanwhile.
  const long = { messages: forever, stream: true, max_tokens: 6_000, logprobs: true, top_logprobs: 20 };
  const answer = await post(long, controller.signal);
  assert.equal(answer.status, 200);
  const reader = answer.body?.getReader();
  await reader?.read();
  return {
    [Symbol.dispose]() {
      controller.abort();
      reader?.closed.catch(() => undefined);
    },
  };
}

/** The first piece of a stream, as it comes while the request still waits. */
async function beginningOf(answer: Response): Promise<{ text: string; rest: () => Promise<string> }> {
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  const text = (await reader?.read())?.value ?? '';
  return {
    text,
    async rest() {
      let all = text;
      for (;;) {
        const step = await reader?.read();
        if (step === undefined || step.done) return all;
        all += step.value;
      }
    },
  };
}

test('a stream that waits tells its place at once, as comments and headers', async () => {
  const busy = await occupied();
  const first = await post({ messages: hello, stream: true });
  assert.equal(first.headers.get('x-cds-queue-position'), '1');
  const firstBeginning = await beginningOf(first);
  assert.match(firstBeginning.text, /^: queue position=1( wait_ms=\d+)?\n\n$/);
  const second = await post({ messages: hello, stream: true });
  assert.equal(second.headers.get('x-cds-queue-position'), '2');
  const secondBeginning = await beginningOf(second);
  busy[Symbol.dispose]();
  assert.match(await firstBeginning.rest(), /\ndata: \[DONE\]\n\n$/);
  const text = await secondBeginning.rest();
  assert.match(text, /^: queue position=2.*\n\n: queue position=1/, 'it moves up');
  assert.match(text, /\ndata: \[DONE\]\n\n$/);
});

test('the openai SDK passes over the places and streams the same text', async () => {
  const busy = await occupied();
  const openai = new OpenAI({ baseURL: `${it.world.url}/v1`, apiKey: it.admin.token, maxRetries: 0 });
  const { data: stream, response } = await openai.chat.completions
    .create({ model: 'machine', messages: hello, temperature: 0, stream: true })
    .withResponse();
  assert.equal(response.headers.get('x-cds-queue-position'), '1');
  busy[Symbol.dispose]();
  let text = '';
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
  assert.equal(text, machineAnswers.default);
});

test('a queue without a place is 429 with Retry-After, how many wait and where it would have stood', async () => {
  const busy = await occupied();
  const waiting = await Promise.all([1, 2].map(() => post({ messages: hello, stream: true })));
  const refused = await post({ messages: hello });
  assert.equal(refused.status, 429);
  assert.ok(Number(refused.headers.get('retry-after')) >= 1);
  const { error } = (await refused.json()) as { error: { code: string; queue: object; message: string } };
  assert.equal(error.code, 'rate_limit_exceeded');
  assert.deepEqual(error.queue, { waiting: 2, position: 3 });
  busy[Symbol.dispose]();
  await Promise.all(waiting.map((answer) => answer.text()));
});

test('a whole answer that has waited says where it stood', async () => {
  const busy = await occupied();
  const pending = post({ messages: hello });
  for (;;) {
    const status = await it.request('GET /admin/status');
    if (status.body.queueLength === 1) break;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  busy[Symbol.dispose]();
  const answer = await pending;
  assert.equal(answer.headers.get('x-cds-queue-position'), '1');
  assert.equal((await post({ messages: hello })).headers.get('x-cds-queue-position'), null);
});

test('JSON-RPC and WS /v1/stream tell the place as messages of their own', async () => {
  const busy = await occupied();
  const client = it.world.client(llmContract);
  const stream = client.stream(
    'llm.chat.stream',
    { model: 'machine', messages: hello, temperature: 0 },
    it.world.call({ userId: it.admin.id }),
  );
  const notice = await stream.next();
  const { object, position } = notice.value as { object: string; position: number };
  assert.deepEqual({ object, position }, { object: 'llm.queue', position: 1 });

  const socket = new WebSocket(`${it.world.url.replace('http', 'ws')}/v1/stream`, {
    headers: { authorization: `Bearer ${it.admin.token}` },
  });
  const messages: { queue?: { position: number }; done?: boolean }[] = [];
  const told = Promise.withResolvers<void>();
  const done = Promise.withResolvers<void>();
  socket.on('message', (data) => {
    const message = JSON.parse(String(data));
    messages.push(message);
    if (message.queue !== undefined) told.resolve();
    if (message.done === true) done.resolve();
  });
  await new Promise((resolve) => socket.once('open', resolve));
  socket.send(
    JSON.stringify({
      id: 'a',
      endpoint: 'chat',
      body: { model: 'machine', messages: hello, temperature: 0 },
    }),
  );
  await told.promise;
  assert.equal(messages[0]?.queue?.position, 2);
  busy[Symbol.dispose]();
  while ((await stream.next()).done !== true);
  await done.promise;
  socket.close();
});

test('a client that leaves while it waits leaves no place and no tokens held', async () => {
  const user = await it.user();
  const busy = await occupied();
  const controller = new AbortController();
  const waiting = await fetch(`${it.world.url}/v1/chat/completions`, {
    method: 'POST',
    signal: controller.signal,
    headers: { authorization: `Bearer ${user.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'machine', messages: hello, stream: true }),
  });
  assert.equal(waiting.headers.get('x-cds-queue-position'), '1');
  controller.abort();
  await it.settled(user);
  for (;;) {
    const status = await it.request('GET /admin/status');
    if (status.body.queueLength === 0) break;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.equal((await it.usage(user)).requests, 0);
  busy[Symbol.dispose]();
});
