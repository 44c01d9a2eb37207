import { schemaUnsupported } from './rules.ts';
import { child, listOf, restrictions, type SchemaNode } from './schema-node.ts';

type Schema = Readonly<Record<string, unknown>>;

const keywordsOfTypes: Readonly<Record<string, readonly string[]>> = {
  object: ['properties', 'required', 'additionalProperties'],
  array: ['items', 'prefixItems', 'minItems', 'maxItems'],
  string: ['minLength', 'maxLength', 'pattern', 'format'],
  number: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'],
};

/** A schema that says what the parts of an object are, and not that it is one, is taken to mean an object. */
export function impliedType(node: SchemaNode): string | undefined {
  const keywords = restrictions(node);
  const implied = Object.entries(keywordsOfTypes).filter(([, own]) =>
    keywords.some((key) => own.includes(key)),
  );
  return implied.length === 1 ? implied[0]?.[0] : undefined;
}

/** The schema for one of several types, with that type's keywords only. */
export function forType(node: SchemaNode, type: unknown): SchemaNode {
  const own = keywordsOfTypes[type === 'integer' ? 'number' : String(type)] ?? [];
  const others = Object.values(keywordsOfTypes)
    .flat()
    .filter((key) => !own.includes(key));
  const kept = Object.entries(node.schema).filter(([key]) => !others.includes(key));
  return { schema: { ...Object.fromEntries(kept), type }, path: node.path };
}

/** The schema, with this type where it names none. */
export function withType(node: SchemaNode, type: unknown): SchemaNode {
  if (node.schema.type !== undefined) return node;
  return { schema: { ...node.schema, type }, path: node.path };
}

/** Whether a value is of the type, or of one of the types. */
export function hasType(value: unknown, type: unknown): boolean {
  const types = Array.isArray(type) ? type : [type];
  return types.some((name) => {
    if (name === 'null') return value === null;
    if (name === 'array') return Array.isArray(value);
    if (name === 'integer') return Number.isInteger(value);
    if (name === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value);
    return typeof value === name;
  });
}

/** All parts of an `allOf` as one schema; refused where two of them speak about the same thing. */
export function mergeAll(node: SchemaNode, resolve: (part: SchemaNode) => SchemaNode): SchemaNode {
  const { allOf: _allOf, ...own } = node.schema;
  const parts = listOf(node, 'allOf').map((_part, index) => resolve(child(node, 'allOf', index)).schema);
  let merged: Record<string, unknown> = {};
  for (const part of [own, ...parts]) merged = mergeTwo(merged, part, node.path);
  return { schema: merged, path: node.path };
}

function mergeTwo(a: Schema, b: Schema, path: string): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...a };
  for (const [key, value] of Object.entries(b)) {
    const known = merged[key];
    if (known === undefined || JSON.stringify(known) === JSON.stringify(value)) merged[key] = value;
    else if (key === 'required') merged[key] = [...new Set([...(known as string[]), ...(value as string[])])];
    else if (key === 'properties') merged[key] = disjoint(known as Schema, value as Schema, path);
    else if (restrictions({ schema: { [key]: value }, path }).length > 0) {
      throw schemaUnsupported(`allOf sets ${key} twice`, path);
    }
  }
  return merged;
}

function disjoint(a: Schema, b: Schema, path: string): Schema {
  const both = Object.keys(a).find((key) => key in b && JSON.stringify(a[key]) !== JSON.stringify(b[key]));
  if (both !== undefined) throw schemaUnsupported(`allOf describes ${both} twice`, path);
  return { ...a, ...b };
}
