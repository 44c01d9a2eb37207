import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeChatMachine } from '../../testing/chat-machine.ts';
import { ask, chatRequest, collect, testEngine, textRequest } from '../../testing/engine-world.ts';
import { writeRandomModel } from '../../testing/models.ts';

const never = new AbortController().signal;

test('every step is one decode, also with several at once and with newcomers', async () => {
  await using world = await testEngine(writeChatMachine, { parallel: 4 });
  const requests = Array.from({ length: 10 }, (_, index) =>
    ask(world, chatRequest(index % 2 === 0 ? 'go forever' : 'Hi', { maxTokens: 20 + index })),
  );
  await Promise.all(requests);
  const { decodes, steps } = world.engine.counters();
  assert.equal(decodes, steps);
  const generated = (await Promise.all(requests)).reduce(
    (sum, { result }) => sum + result.completionTokens,
    0,
  );
  assert.ok(decodes < generated, `${decodes} decodes for ${generated} tokens: they share batches`);
});

test('four at once take hardly more decodes than the longest of them alone', async () => {
  await using world = await testEngine(writeChatMachine, { parallel: 4 });
  await Promise.all([1, 2, 3, 4].map(() => ask(world, chatRequest('go forever', { maxTokens: 100 }))));
  const { decodes } = world.engine.counters();
  // 100 for the tokens; prompts that come in one after another add a few.
  assert.ok(decodes >= 100 && decodes <= 115, `${decodes} decodes`);
});

test('a newcomer has its first token at most two decodes after its prompt, while others generate', async () => {
  await using world = await testEngine(writeChatMachine, { parallel: 3, contextSize: 1024 });
  const long = [1, 2].map(() =>
    world.engine.generate(chatRequest('go forever', { maxTokens: 150 }), { signal: never }),
  );
  for (const generation of long) await generation.next();
  const rests = long.map((generation) => collect(generation));
  const before = world.engine.counters().decodes;
  const newcomer = world.engine.generate(chatRequest('Hi'), { signal: never });
  await newcomer.next();
  const after = world.engine.counters().decodes;
  await newcomer.return({ finish: 'stop', promptTokens: 0, cachedPromptTokens: 0, completionTokens: 0 });
  await Promise.all(rests);
  // One decode holds its prompt and brings the token; two more may have run while messages were on their way.
  assert.ok(after - before <= 4, `${after - before} decodes`);
});

test('answers are the same alone and in company', async () => {
  const write = (file: string): void => writeRandomModel(file, { seed: 3 });
  await using world = await testEngine(write, { parallel: 4 });
  const request = (index: number) => textRequest(`prompt ${index}`, { maxTokens: 60 });
  const alone: string[] = [];
  for (let index = 0; index < 4; index += 1) alone.push((await ask(world, request(index))).text);
  await using fresh = await testEngine(write, { parallel: 4 });
  const together = await Promise.all([0, 1, 2, 3].map((index) => ask(fresh, request(index))));
  assert.deepEqual(
    together.map(({ text }) => text),
    alone,
  );
});

test('conversations in parallel keep their own memory: a short request wipes the one that loses least', async () => {
  await using world = await testEngine(writeChatMachine, { parallel: 2, contextSize: 1024 });
  const conversation = chatRequest('a long story '.repeat(20));
  await ask(world, conversation);
  await ask(world, chatRequest('Hi'));
  await ask(world, chatRequest('as json'));
  const { result } = await ask(world, conversation);
  assert.equal(result.cachedPromptTokens, result.promptTokens - 1);
});

test('more prompts than a batch holds are computed in parts, all of them', async () => {
  await using world = await testEngine(writeChatMachine, { parallel: 4, contextSize: 2048, batchSize: 32 });
  const answers = await Promise.all(
    [1, 2, 3, 4].map((index) => ask(world, chatRequest(`${index} `.repeat(150)))),
  );
  for (const { text } of answers) assert.match(text, /^Hello!/);
  const { decodes, steps } = world.engine.counters();
  assert.equal(decodes, steps);
});
