import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Token } from 'node-llama-cpp';
import { writeChatMachine } from '../../testing/chat-machine.ts';
import { ask, chatRequest, type TestEngine, testEngine, textRequest } from '../../testing/engine-world.ts';
import { writeRandomModel } from '../../testing/models.ts';
import { choose } from './logprob-source.ts';

describe('sampling from a random model', () => {
  let world: TestEngine;
  before(async () => {
    world = await testEngine((file) => writeRandomModel(file, { seed: 1 }));
  });
  after(() => world[Symbol.asyncDispose]());

  const free = { temperature: 1, topK: 0, topP: 1, minP: 0 };

  test('a seed makes an answer repeatable, none makes two answers of one second differ', async () => {
    const request = (seed?: number) =>
      textRequest('x', { maxTokens: 40, sampling: { ...free, ...(seed === undefined ? {} : { seed }) } });
    const [a, b, c] = [
      await ask(world, request(5)),
      await ask(world, request(5)),
      await ask(world, request(6)),
    ];
    assert.equal(a.text, b.text);
    assert.notEqual(a.text, c.text);
    assert.notEqual((await ask(world, request())).text, (await ask(world, request())).text);
  });

  test('a bias forbids and forces tokens', async () => {
    const forced = textRequest('x', {
      maxTokens: 5,
      sampling: { temperature: 0, logitBias: new Map([[3 + 65, 100]]) },
    });
    assert.equal((await ask(world, forced)).text, 'AAAAA');
    const forbidden = {
      ...forced,
      sampling: {
        temperature: 0,
        logitBias: new Map([
          [3 + 65, 100],
          [3 + 66, 200],
        ]),
      },
    };
    assert.equal((await ask(world, forbidden)).text, 'BBBBB');
  });

  test('penalties keep a model from saying the same again', async () => {
    const bias = new Map([
      [3 + 65, 100],
      [3 + 66, 80],
    ]);
    const request = textRequest('x', { maxTokens: 6, sampling: { temperature: 0, logitBias: bias } });
    assert.equal((await ask(world, request)).text, 'AAAAAA');
    const penalised = { ...request, sampling: { ...request.sampling, frequencyPenalty: 8 } };
    const { text } = await ask(world, penalised);
    assert.ok(/A/.test(text) && /B/.test(text), text);
  });

  test('log-probabilities are those of the whole vocabulary, whatever the sampling cuts off', async () => {
    const request = textRequest('x', {
      maxTokens: 8,
      topLogprobs: 5,
      sampling: { ...free, seed: 9, topK: 3 },
    });
    const { logprobs, result } = await ask(world, request);
    assert.equal(logprobs.length, result.completionTokens);
    for (const entry of logprobs) {
      assert.equal(entry.alternatives.length, 5);
      const [best, ...others] = entry.alternatives.map(({ logprob }) => logprob);
      assert.ok(best !== undefined && others.every((logprob) => logprob <= best));
      const sum = entry.alternatives.reduce((total, { logprob }) => total + Math.exp(logprob), 0);
      assert.ok(sum > 0 && sum <= 1 + 1e-6, `${sum}`);
      const rank = entry.alternatives.findIndex(({ logprob }) => Math.abs(logprob - entry.logprob) < 1e-6);
      assert.ok(rank >= 0 && rank < 3, 'the token is one of the three that were left');
    }
    const all = await ask(world, { ...request, topLogprobs: 262, maxTokens: 1 });
    const whole = all.logprobs[0]?.alternatives.reduce((total, { logprob }) => total + Math.exp(logprob), 0);
    assert.ok(whole !== undefined && Math.abs(whole - 1) < 1e-3, `all together make ${whole}`);
  });

  test('an answer with log-probabilities is the same as without at temperature 0, and repeatable by seed', async () => {
    const request = textRequest('x', { maxTokens: 20, sampling: { temperature: 0 } });
    assert.equal((await ask(world, { ...request, topLogprobs: 0 })).text, (await ask(world, request)).text);
    const seeded = { ...request, topLogprobs: 1, sampling: { ...free, seed: 3 } };
    assert.equal((await ask(world, seeded)).text, (await ask(world, seeded)).text);
  });

  test('log-probabilities under a grammar are those among the tokens that it allows', async () => {
    const schema = { enum: ['aa', 'bb'] };
    const request = textRequest('x', { format: { kind: 'schema', schema }, topLogprobs: 2, sampling: free });
    const { text, logprobs } = await ask(world, request);
    assert.ok(['"aa"', '"bb"'].includes(text), text);
    // The quote had to come: its probability is one.
    assert.ok(Math.abs(logprobs[0]?.logprob ?? 1) < 1e-3);
    assert.equal(logprobs.map((entry) => entry.text).join(''), text);
  });
});

test('the tokens of an emoji have their own bytes in the log-probabilities', async () => {
  await using world = await testEngine(writeChatMachine);
  const { text, logprobs } = await ask(world, chatRequest('Hi', { topLogprobs: 0 }));
  assert.equal(Buffer.from(logprobs.flatMap((entry) => entry.bytes)).toString(), text);
  assert.deepEqual(
    logprobs.slice(6, 10).map(({ bytes }) => bytes),
    [[0xf0], [0x9f], [0x98], [0x80]],
  );
});

test('the choice among scored tokens follows top-k, top-p, min-p and temperature', () => {
  const scored = [3, 2, 1, 0].map((logit, index) => [index as Token, logit] as const);
  const choice = { topK: 0, topP: 1, minP: 0, temperature: 1 };
  const last = { random: () => 0.999_999 };
  assert.equal(choose(scored, { ...choice, ...last, temperature: 0 }), 0);
  assert.equal(choose(scored, { ...choice, ...last }), 3);
  assert.equal(choose(scored, { ...choice, ...last, topK: 2 }), 1);
  assert.equal(choose(scored, { ...choice, ...last, topP: 0.7 }), 1, 'the first has 64 %');
  assert.equal(choose(scored, { ...choice, ...last, minP: 0.2 }), 1, 'the third has 13 % of the first');
  assert.equal(choose(scored, { ...choice, random: () => 0.5 }), 0);
  assert.equal(choose([], { ...choice, ...last }), null);
});
