import { z } from 'zod';

/** Shapes of the prompts contract, which are also the header of a `.prompt` file. */

export const LocalizedText = z.strictObject({
  en: z.string().min(1).max(500),
  de: z.string().min(1).max(500),
});

/** Lower-case words with hyphens, in families parted by dots: `code.review`. */
export const PromptId = z
  .string()
  .max(80)
  .regex(/^[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)*$/, 'use lower-case letters, digits, hyphens and dots');

export const PromptKind = z.enum(['prompt', 'formula', 'mix']);
export type PromptKind = z.infer<typeof PromptKind>;

/**
 * `line` has no line breaks, `path` is a relative path with forward slashes, `choice` is one of `values`, `list` is a
 * list of lines.
 */
export const VariableType = z.enum([
  'text',
  'line',
  'integer',
  'number',
  'boolean',
  'choice',
  'list',
  'path',
]);

export const VariableValue = z.union([z.string(), z.number(), z.boolean(), z.array(z.string()).max(10_000)]);
export type VariableValue = z.infer<typeof VariableValue>;

export const VariableName = z
  .string()
  .max(60)
  .regex(/^[a-z][A-Za-z0-9]*$/, 'use letters and digits, a lower-case letter first');

export const Variable = z.strictObject({
  name: VariableName,
  type: VariableType,
  /** Of a choice. */
  values: z.array(z.string().min(1).max(100)).min(1).max(50).optional(),
  /** A variable without one must be given. */
  default: VariableValue.optional(),
  /** Characters of a text, items of a list. */
  maxLength: z.int().min(1).max(1_000_000).optional(),
  description: LocalizedText,
});
export type Variable = z.infer<typeof Variable>;

export const PromptInfo = z.object({
  id: PromptId,
  kind: PromptKind,
  version: z.int().positive(),
  title: LocalizedText,
  description: LocalizedText,
  variables: z.array(Variable),
  tags: z.array(z.string()),
  /** Tests that the file carries. */
  tests: z.int().nonnegative(),
  source: z.enum(['shipped', 'project']),
});
export type PromptInfo = z.infer<typeof PromptInfo>;

export const GeneratedFile = z.object({ path: z.string(), content: z.string() });
export type GeneratedFile = z.infer<typeof GeneratedFile>;

export const TestOutcome = z.object({
  promptId: z.string(),
  test: z.string(),
  passed: z.boolean(),
  /** What was expected and did not hold; null when it passed. */
  reason: z.string().nullable(),
});
export type TestOutcome = z.infer<typeof TestOutcome>;

export const Variables = z.record(z.string().max(60), VariableValue);
export type Variables = z.infer<typeof Variables>;
