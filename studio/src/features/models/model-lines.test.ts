import { expect, test } from 'vitest';
import { modelLinesOf, parseModelLines } from './model-lines.ts';

const models = [
  { id: 'gpt-4o-mini', contextSize: 128_000, inputCost: '0.00000015', outputCost: '0.0000006' },
  { id: 'meta/llama', contextSize: null, inputCost: '0', outputCost: '0' },
];

test('lines read back as the models they were made of', () => {
  expect(parseModelLines(modelLinesOf(models))).toEqual({ models });
});

test('a line that holds no name, or no number where one belongs, is named', () => {
  expect(parseModelLines('a\n\nb, many')).toEqual({ wrongLine: 3 });
  expect(parseModelLines('a, 1, 1e-7')).toEqual({ wrongLine: 1 });
  expect(parseModelLines(', 5')).toEqual({ wrongLine: 1 });
});
