import { z } from 'zod';
import type { Call, Client } from '#base/contract.ts';
import { isFault } from '#base/fault.ts';
import type { llmContract } from '#modules/llm/contract.ts';

/** Turns texts into vectors of unit length. */
export interface Embedder {
  /** The model that is used now; null when there is none. */
  model(call: Call): Promise<string | null>;
  embed(model: string, texts: readonly string[], call: Call): Promise<number[][]>;
}

const Answer = z.object({ data: z.array(z.object({ embedding: z.array(z.number()) })) });

/** Embeddings of local models of the model server: what stands in a project does not leave the machine for its search. */
export function createEmbedder(llm: Client<typeof llmContract>): Embedder {
  return {
    async model(call) {
      try {
        const { data } = await llm.call('llm.models', {}, call);
        const local = data.filter(({ id, capabilities }) => capabilities.embeddings && !id.includes('/'));
        return local.map(({ id }) => id).toSorted()[0] ?? null;
      } catch (error) {
        // Without a model server there is no model; the answer says that words alone decided.
        if (isFault(error)) return null;
        throw error;
      }
    },
    async embed(model, texts, call) {
      const answer = await llm.call('llm.embed', { model, input: [...texts] }, call);
      return Answer.parse(answer).data.map(({ embedding }) => embedding);
    },
  };
}
