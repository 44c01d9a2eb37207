import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { isFault } from '#base/fault.ts';
import { ask, chatRequest, type TestEngine, testEngine } from '../../testing/engine-world.ts';
import { embeddingWidth, writeEmbeddingModel } from '../../testing/models.ts';

const never = new AbortController().signal;

function dot(a: Float32Array | undefined, b: Float32Array | undefined): number {
  return [...(a ?? [])].reduce((sum, value, index) => sum + value * (b?.[index] ?? 0), 0);
}

describe('the engine with the word-vector model', () => {
  let world: TestEngine;
  before(async () => {
    world = await testEngine(writeEmbeddingModel);
  });
  after(() => world[Symbol.asyncDispose]());

  test('gives vectors of unit length with the known angles between them', async () => {
    const texts = ['hello', 'hello world', 'cat'];
    const { vectors, promptTokens } = await world.engine.embed(texts, never);
    const [hello, both, cat] = vectors;
    for (const vector of vectors) {
      assert.equal(vector.length, embeddingWidth);
      assert.ok(Math.abs(dot(vector, vector) - 1) < 1e-5);
    }
    // Normalised one-hot vectors of n values stand at -1/(n-1) to each other.
    const between = -1 / (embeddingWidth - 1);
    assert.ok(Math.abs(dot(hello, cat) - between) < 1e-3, `${dot(hello, cat)}`);
    const expected = (1 + between) / Math.sqrt(2 + 2 * between);
    assert.ok(Math.abs(dot(hello, both) - expected) < 1e-3, `${dot(hello, both)}`);
    // Each text has a token at its beginning and one at its end.
    assert.equal(promptTokens, 3 + 4 + 3);
  });

  test('says what it can do, and refuses to chat', async () => {
    assert.deepEqual(world.engine.capabilities, { chat: false, embeddings: true, infill: false });
    await assert.rejects(ask(world, chatRequest('Hi')), (error) => isFault(error, 'llm.capability_missing'));
  });

  test('refuses a text that is longer than its context, and is not cut', async () => {
    await assert.rejects(world.engine.embed(['hello '.repeat(200)], never), (error) =>
      isFault(error, 'llm.context_length_exceeded'),
    );
  });

  test('refuses an empty text: it has no vector', async () => {
    await assert.rejects(world.engine.embed(['hello', ''], never), (error) =>
      isFault(error, 'llm.request_invalid'),
    );
  });
});
