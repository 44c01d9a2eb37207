import type { Provider } from './model-queries.ts';

type ModelLine = Pick<Provider['models'][number], 'id' | 'contextSize' | 'inputCost' | 'outputCost'>;

const cost = /^\d{1,9}(\.\d{1,12})?$/;

/** `name, context, input cost, output cost` a line; the number of the first line that is not one. */
export function parseModelLines(
  text: string,
): { readonly models: ModelLine[] } | { readonly wrongLine: number } {
  const models: ModelLine[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const [id = '', context = '', inputCost = '', outputCost = '', ...rest] = line
      .split(',')
      .map((part) => part.trim());
    const costs = [inputCost, outputCost].every((value) => value === '' || cost.test(value));
    if (id === '' || rest.length > 0 || !costs || (context !== '' && !/^[1-9]\d{0,8}$/.test(context))) {
      return { wrongLine: index + 1 };
    }
    models.push({
      id,
      contextSize: context === '' ? null : Number(context),
      inputCost: inputCost === '' ? '0' : inputCost,
      outputCost: outputCost === '' ? '0' : outputCost,
    });
  }
  return { models };
}

/** The lines that read back as these models. */
export function modelLinesOf(models: readonly ModelLine[]): string {
  return models
    .map(({ id, contextSize, inputCost, outputCost }) =>
      [id, contextSize ?? '', inputCost, outputCost].join(', '),
    )
    .join('\n');
}
