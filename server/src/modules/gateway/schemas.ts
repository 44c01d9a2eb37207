import { z } from 'zod';

export type JsonSchema = Record<string, unknown>;

/** Gathers what schemas refer to, under names that are unique in one document. */
export interface SchemaCollector {
  /** The JSON Schema (draft 2020-12) of what is sent (`input`) or received (`output`). */
  schemaOf(name: string, schema: z.ZodType, io: 'input' | 'output'): JsonSchema;
  readonly components: Record<string, JsonSchema>;
}

/**
 * Turns the contracts' schemas into JSON Schema. Recursive ones refer to themselves by `#`, which would mean the
 * whole document: they move to its components.
 */
export function createSchemaCollector(): SchemaCollector {
  const components: Record<string, JsonSchema> = {};

  function schemaOf(name: string, schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
    const { $schema: _, ...plain } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as JsonSchema;
    if (!JSON.stringify(plain).includes('"$ref"')) return plain;
    const { $defs = {}, ...root } = plain as JsonSchema & { $defs?: Record<string, JsonSchema> };
    const place = (key: string) => `${name}.${key}`.replace(/[^A-Za-z0-9._-]/g, '_');
    const rename = (reference: string) => {
      if (reference === '#') return `#/components/schemas/${place('root')}`;
      return `#/components/schemas/${place(reference.slice('#/$defs/'.length))}`;
    };
    for (const [key, definition] of Object.entries($defs)) {
      components[place(key)] = renameReferences(definition, rename) as JsonSchema;
    }
    const renamed = renameReferences(root, rename) as JsonSchema;
    if (!JSON.stringify(root).includes('"$ref":"#"')) return renamed;
    components[place('root')] = renamed;
    return { $ref: rename('#') };
  }

  return { schemaOf, components };
}

function renameReferences(value: unknown, rename: (reference: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => renameReferences(item, rename));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      key === '$ref' && typeof item === 'string' ? rename(item) : renameReferences(item, rename),
    ]),
  );
}
