import assert from 'node:assert/strict';
import { test } from 'node:test';
import { machineAnswers, writeChatMachine } from '../../testing/chat-machine.ts';
import { ask, chatRequest, testEngine, textRequest } from '../../testing/engine-world.ts';
import { writeRandomModel } from '../../testing/models.ts';

test('500 generations aborted at random leak no slot', async () => {
  await using world = await testEngine(writeChatMachine, { parallel: 4 });
  let aborted = 0;
  for (let round = 0; round < 125; round += 1) {
    const attempts = [0, 1, 2, 3].map(async (index) => {
      const controller = new AbortController();
      const delay = setTimeout(() => controller.abort(new Error('gone')), Math.random() * 12);
      const request = chatRequest(`${round} ${index} go forever`, { maxTokens: 100 });
      await ask(world, request, { signal: controller.signal }).catch(() => {
        aborted += 1;
      });
      clearTimeout(delay);
    });
    await Promise.all(attempts);
  }
  assert.ok(aborted > 250, `${aborted} were aborted`);
  assert.equal(world.engine.status().activeSequences, 0);
  const answers = await Promise.all([1, 2, 3, 4].map(() => ask(world, chatRequest('Hi'))));
  for (const { text } of answers) assert.equal(text, machineAnswers.default);
  const { decodes, steps } = world.engine.counters();
  assert.equal(decodes, steps);
});

test('a random model writes valid JSON in 200 of 200 samples', async () => {
  const schema = {
    type: 'object',
    properties: {
      name: { type: 'string', minLength: 1, maxLength: 12 },
      age: { type: 'integer', minimum: 0, maximum: 130 },
      score: { type: 'number', minimum: -1, maximum: 1 },
      role: { enum: ['admin', 'user', 'über "x"'] },
      tags: { type: 'array', items: { type: 'string', pattern: '^[a-z]{1,6}(-[0-9]+)?$' }, maxItems: 3 },
      born: { type: 'string', format: 'date' },
      next: { anyOf: [{ type: 'null' }, { type: 'boolean' }] },
    },
    required: ['name', 'age', 'role', 'tags'],
    additionalProperties: false,
  };
  await using world = await testEngine((file) => writeRandomModel(file, { seed: 11 }), {
    parallel: 4,
    contextSize: 1024,
  });
  let complete = 0;
  for (let round = 0; round < 50; round += 1) {
    const samples = await Promise.all(
      [0, 1, 2, 3].map((index) =>
        ask(
          world,
          textRequest(`sample ${round}`, {
            format: { kind: 'schema', schema },
            sampling: { temperature: 1.5, topK: 0, topP: 1, minP: 0, seed: round * 4 + index },
          }),
        ),
      ),
    );
    for (const { text, result } of samples) {
      assert.equal(result.finish, 'stop', text);
      const value = JSON.parse(text) as { age: number; role: string };
      assert.ok(value.age >= 0 && value.age <= 130 && schema.properties.role.enum.includes(value.role), text);
      complete += 1;
    }
  }
  assert.equal(complete, 200);
});
