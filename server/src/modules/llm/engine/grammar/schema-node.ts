import { schemaUnsupported } from './rules.ts';

/** A part of a JSON Schema (draft 2020-12) with its place, as a JSON pointer. */
export interface SchemaNode {
  readonly schema: Readonly<Record<string, unknown>>;
  readonly path: string;
}

/** Keywords that say nothing about which values are valid. */
const annotations = new Set([
  '$schema',
  '$id',
  '$anchor',
  '$comment',
  '$defs',
  'definitions',
  'title',
  'description',
  'default',
  'examples',
  'deprecated',
  'readOnly',
  'writeOnly',
]);

/** The keywords of a schema that restrict something. */
export function restrictions({ schema }: SchemaNode): string[] {
  return Object.keys(schema).filter((key) => !annotations.has(key) && schema[key] !== undefined);
}

/** Refuses every keyword that the place does not enforce: what is not known is never ignored. */
export function allowOnly(node: SchemaNode, keywords: readonly string[]): void {
  const unknown = restrictions(node).find((key) => !keywords.includes(key));
  if (unknown !== undefined)
    throw schemaUnsupported(`the keyword ${unknown} is not supported here`, node.path);
}

export function child(node: SchemaNode, ...keys: readonly (string | number)[]): SchemaNode {
  let value: unknown = node.schema;
  for (const key of keys) value = (value as Record<string, unknown> | undefined)?.[key];
  const path = `${node.path}/${keys.map((key) => String(key).replaceAll('~', '~0').replaceAll('/', '~1')).join('/')}`;
  return nodeOf(value, path);
}

/** `true` is the schema of everything, `false` that of nothing. */
export function nodeOf(value: unknown, path: string): SchemaNode {
  if (value === true) return { schema: {}, path };
  if (value === false) throw schemaUnsupported('nothing is valid here', path);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw schemaUnsupported('a schema is expected here', path);
  }
  return { schema: value as Record<string, unknown>, path };
}

/** A non-negative whole number, or null where the keyword is absent. */
export function countOf(node: SchemaNode, key: string): number | null {
  const value = node.schema[key];
  if (value === undefined) return null;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw schemaUnsupported(`${key} must be a whole number`, node.path);
  }
  return value;
}

export function numberOf(node: SchemaNode, key: string): number | null {
  const value = node.schema[key];
  if (value === undefined) return null;
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw schemaUnsupported(`${key} must be a number`, node.path);
  }
  return value;
}

export function listOf(node: SchemaNode, key: string): readonly unknown[] {
  const value = node.schema[key];
  if (!Array.isArray(value) || value.length === 0) {
    throw schemaUnsupported(`${key} must be a list with something in it`, node.path);
  }
  return value;
}
