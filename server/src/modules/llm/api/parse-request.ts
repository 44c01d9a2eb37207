import type { z } from 'zod';
import { fault } from '#base/fault.ts';

/** A body that fits its schema. @throws llm.request_invalid with the first field that does not */
export function parseRequest<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const parsed = schema.safeParse(body ?? {});
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = issue?.path.map(String).join('.') ?? '';
  throw fault('llm.request_invalid', {
    field: field === '' ? 'body' : field.slice(0, 200),
    reason: `${field === '' ? '' : `${field.slice(0, 200)}: `}${(issue?.message ?? 'it does not fit').slice(0, 300)}`,
  });
}
