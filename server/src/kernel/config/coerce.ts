import type { z } from 'zod';

interface SchemaShape {
  readonly type: string;
  readonly innerType?: z.core.$ZodType;
  readonly in?: z.core.$ZodType;
}

function innermost(schema: z.core.$ZodType): string {
  let current = schema;
  for (let depth = 0; depth < 20; depth += 1) {
    const shape = current._zod.def as SchemaShape;
    const next = shape.innerType ?? (shape.type === 'pipe' ? shape.in : undefined);
    if (next === undefined) return shape.type;
    current = next;
  }
  return 'unknown';
}

/**
 * Reads a text (environment, query string) as the type that the schema expects: numbers, booleans and
 * comma-separated lists; anything else stays text. What does not fit stays text too, so that the schema refuses it.
 */
export function coerceText(schema: z.core.$ZodType, text: string): unknown {
  switch (innermost(schema)) {
    case 'number':
    case 'int':
      return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
    case 'boolean':
      return text === 'true' || text === '1' ? true : text === 'false' || text === '0' ? false : text;
    case 'array':
      return text
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== '');
    default:
      return text;
  }
}
