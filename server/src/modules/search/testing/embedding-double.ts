import { z } from 'zod';
import { fault } from '#base/fault.ts';
import { type AnyModule, defineModule } from '#kernel/module.ts';
import { llmContract } from '#modules/llm/contract.ts';

/**
 * Stands at the model server's contract, for tests: one embedding model whose vector says which of the given groups of
 * words a text speaks of.
 */
export function embeddingDouble(groups: readonly (readonly string[])[]): AnyModule {
  const vectorOf = (text: string) => {
    const counts = groups.map(
      (words) => words.filter((word) => text.toLowerCase().includes(word)).length + 0.01,
    );
    const length = Math.hypot(...counts);
    return counts.map((count) => count / length);
  };
  const answered = {
    'llm.models': () => ({
      object: 'list',
      data: [
        {
          id: 'tiny-embed',
          object: 'model',
          created: 0,
          owned_by: 'local',
          context_size: 512,
          loaded: true,
          capabilities: { chat: false, embeddings: true, infill: false },
          input_cost: '0',
          output_cost: '0',
        },
      ],
    }),
    'llm.embed': ({ params }: { params: { input: string | string[] } }) => ({
      object: 'list',
      data: [params.input].flat().map((text) => ({ object: 'embedding', embedding: vectorOf(text) })),
    }),
  };
  const others = Object.keys(llmContract.methods).map((name) => [
    name,
    () => {
      throw fault('common.method_not_found', { method: name });
    },
  ]);
  return defineModule({
    name: 'llm',
    contract: llmContract,
    needs: {},
    config: z.object({}),
    start: () => ({ handlers: { ...Object.fromEntries(others), ...answered } as never }),
  });
}
