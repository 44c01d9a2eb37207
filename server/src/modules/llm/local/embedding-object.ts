import { fault } from '#base/fault.ts';
import type { EmbeddingRequest } from '../contract-requests.ts';
import type { Embeddings } from '../engine/engine.ts';

/** OpenAI's list of embeddings: vectors of unit length as numbers, or as base64 of little-endian 32-bit floats. */
export function embeddingObject(body: EmbeddingRequest, model: string, embeddings: Embeddings): object {
  const base64 = body.encoding_format === 'base64';
  return {
    object: 'list',
    model,
    data: embeddings.vectors.map((vector, index) => {
      const chosen = shortened(vector, body.dimensions ?? undefined);
      return { object: 'embedding', index, embedding: base64 ? base64Of(chosen) : Array.from(chosen) };
    }),
    usage: { prompt_tokens: embeddings.promptTokens, total_tokens: embeddings.promptTokens },
  };
}

/** The first `dimensions` numbers, brought to unit length again, as OpenAI does it. */
function shortened(vector: Float32Array, dimensions: number | undefined): Float32Array {
  if (dimensions === undefined || dimensions === vector.length) return vector;
  if (dimensions > vector.length) {
    throw fault('llm.request_invalid', {
      field: 'dimensions',
      reason: `the model has ${vector.length} dimensions`,
    });
  }
  const part = vector.slice(0, dimensions);
  const length = Math.hypot(...part);
  return length === 0 ? part : part.map((value) => value / length);
}

function base64Of(vector: Float32Array): string {
  const bytes = Buffer.alloc(vector.length * 4);
  for (const [index, value] of vector.entries()) bytes.writeFloatLE(value, index * 4);
  return bytes.toString('base64');
}
