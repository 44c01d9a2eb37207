import { z } from 'zod';
import { ModelName } from './contract-shapes.ts';

/**
 * Requests as OpenAI's API has them (API reference of 2025, chat completions, completions, embeddings). Fields that
 * are not named here pass to a provider as they are; a local model has no use for them. Unlike OpenAI's, `null`
 * means absent everywhere.
 */

const text = z.string().max(32 * 1024 * 1024);
const JsonSchema = z.record(z.string(), z.unknown());

const ContentPart = z.looseObject({ type: z.string().max(50), text: text.optional() });
const Content = z.union([text, z.array(ContentPart).max(2_000)]);

const ToolCallShape = z.looseObject({
  id: z.string().max(200),
  type: z.literal('function').optional(),
  function: z.looseObject({ name: z.string().max(200), arguments: text }),
});

const Message = z.looseObject({
  role: z.enum(['system', 'developer', 'user', 'assistant', 'tool']),
  content: Content.nullish(),
  name: z.string().max(200).nullish(),
  tool_calls: z.array(ToolCallShape).max(200).nullish(),
  tool_call_id: z.string().max(200).nullish(),
});

const Tool = z.looseObject({
  type: z.literal('function'),
  function: z.looseObject({
    name: z.string().regex(/^[\w.-]{1,64}$/, 'must be 1 to 64 letters, digits, _, . and -'),
    description: text.nullish(),
    parameters: JsonSchema.nullish(),
    strict: z.boolean().nullish(),
  }),
});

const sampling = {
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().gt(0).max(1).nullish(),
  top_k: z.int().min(0).max(1_000_000).nullish(),
  min_p: z.number().min(0).max(1).nullish(),
  frequency_penalty: z.number().min(-2).max(2).nullish(),
  presence_penalty: z.number().min(-2).max(2).nullish(),
  repeat_penalty: z.number().gt(0).max(10).nullish(),
  seed: z.int().nullish(),
  logit_bias: z.record(z.string().regex(/^\d{1,9}$/), z.number().min(-100).max(100)).nullish(),
  stop: z.union([z.string().min(1).max(1_000), z.array(z.string().min(1).max(1_000)).max(16)]).nullish(),
  n: z.int().min(1).max(16).nullish(),
  user: z.string().max(500).nullish(),
};

const streaming = {
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
};

const maxTokens = z.int().min(1).max(100_000_000).nullish();

export const ChatRequest = z.looseObject({
  model: ModelName,
  messages: z.array(Message).min(1, 'at least one message is needed').max(10_000),
  tools: z.array(Tool).max(256).nullish(),
  tool_choice: z
    .union([
      z.enum(['auto', 'none', 'required']),
      z.looseObject({ type: z.literal('function'), function: z.looseObject({ name: z.string() }) }),
    ])
    .nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  response_format: z
    .union([
      z.looseObject({ type: z.enum(['text', 'json_object']) }),
      z.looseObject({
        type: z.literal('json_schema'),
        json_schema: z.looseObject({ name: z.string().max(100).optional(), schema: JsonSchema }),
      }),
    ])
    .nullish(),
  max_tokens: maxTokens,
  max_completion_tokens: maxTokens,
  logprobs: z.boolean().nullish(),
  top_logprobs: z.int().min(0).max(20).nullish(),
  ...sampling,
  ...streaming,
});
export type ChatRequest = z.output<typeof ChatRequest>;

export const CompletionRequest = z.looseObject({
  model: ModelName,
  prompt: z.union([text, z.array(text).min(1).max(64)]),
  /** Text after the place to fill in; the model then continues in the middle. */
  suffix: text.nullish(),
  max_tokens: maxTokens,
  logprobs: z.int().min(0).max(20).nullish(),
  echo: z.boolean().nullish(),
  ...sampling,
  ...streaming,
});
export type CompletionRequest = z.output<typeof CompletionRequest>;

export const EmbeddingRequest = z.looseObject({
  model: ModelName,
  input: z.union([text.min(1), z.array(text.min(1)).min(1).max(2_048)]),
  encoding_format: z.enum(['float', 'base64']).nullish(),
  dimensions: z.int().min(1).max(100_000).nullish(),
  user: z.string().max(500).nullish(),
});
export type EmbeddingRequest = z.output<typeof EmbeddingRequest>;

/** Answers are OpenAI's objects; clients that speak the API know their shapes, so only what all have is checked. */
export const OpenAiObject = z.looseObject({ object: z.string() });

export const ModelList = z.object({
  object: z.literal('list'),
  data: z.array(
    z.object({
      id: z.string(),
      object: z.literal('model'),
      created: z.int(),
      owned_by: z.string(),
      /** Beyond OpenAI's shape. */
      context_size: z.number().nullable(),
      loaded: z.boolean(),
      capabilities: z.object({ chat: z.boolean(), embeddings: z.boolean(), infill: z.boolean() }),
      input_cost: z.string(),
      output_cost: z.string(),
    }),
  ),
});
export type ModelList = z.output<typeof ModelList>;
