import { wholeBounds } from './bounds.ts';
import { formatRule } from './formats.ts';
import { integerRange } from './integer-range.ts';
import {
  anyArray,
  anyBoolean,
  anyInteger,
  anyNumber,
  anyObject,
  anyString,
  anyValue,
  character,
  space,
} from './json-rules.ts';
import { patternRule } from './pattern.ts';
import { literal, Rules, repeated, schemaUnsupported } from './rules.ts';
import { allowOnly, child, countOf, listOf, nodeOf, restrictions, type SchemaNode } from './schema-node.ts';
import { forType, hasType, impliedType, mergeAll, withType } from './schema-parts.ts';

type Schema = Readonly<Record<string, unknown>>;

/** Larger counts would blow the grammar up; an answer with fewer is valid all the same. */
const repeatsAtMost = 1_000;
const nodesAtMost = 2_000;

/** The grammar of a JSON text that is valid against the schema. @throws llm.schema_unsupported */
export function schemaGrammar(schema: Schema): string {
  const rules = new Rules();
  rules.reserve('root');
  rules.set('root', schemaRule(rules, schema));
  return rules.text();
}

/** The grammar of any JSON object. */
export function jsonObjectGrammar(): string {
  const rules = new Rules();
  rules.reserve('root');
  rules.set('root', anyObject(rules));
  return rules.text();
}

/** Adds the rules of a schema; returns the name of its own. @throws llm.schema_unsupported */
export function schemaRule(rules: Rules, schema: Schema): string {
  return new SchemaCompiler(rules, schema).rule({ schema, path: '#' });
}

/**
 * Turns JSON Schema into rules. It fails closed: a keyword that the rules don't enforce is refused, never ignored.
 * Where a grammar can't say exactly what a schema does, it says something narrower.
 */
class SchemaCompiler {
  readonly #rules: Rules;
  readonly #root: Schema;
  readonly #references = new Map<string, string>();
  #nodes = 0;

  constructor(rules: Rules, root: Schema) {
    this.#rules = rules;
    this.#root = root;
  }

  rule(node: SchemaNode): string {
    this.#nodes += 1;
    if (this.#nodes > nodesAtMost) throw schemaUnsupported('it is too large', node.path);
    const { schema } = node;
    if (schema.$ref !== undefined) return this.#reference(node);
    if (schema.allOf !== undefined) return this.rule(mergeAll(node, (part) => this.#resolve(part)));
    if (schema.anyOf !== undefined) return this.#alternatives(node, 'anyOf');
    if (schema.oneOf !== undefined) return this.#alternatives(node, 'oneOf');
    if (schema.const !== undefined) return this.#constant(node);
    if (schema.enum !== undefined) return this.#enumeration(node);
    if (Array.isArray(schema.type)) return this.#types(node, schema.type);
    return this.#typed(node);
  }

  #reference(node: SchemaNode): string {
    allowOnly(node, ['$ref']);
    const pointer = String(node.schema.$ref);
    const known = this.#references.get(pointer);
    if (known !== undefined) return known;
    const target = this.#resolve(node);
    const name = this.#rules.reserve(pointer.split('/').at(-1) ?? 'ref');
    this.#references.set(pointer, name);
    this.#rules.set(name, this.rule(target));
    return name;
  }

  /** Follows references to a schema that is none. */
  #resolve(node: SchemaNode): SchemaNode {
    let current = node;
    const seen = new Set<string>();
    while (current.schema.$ref !== undefined) {
      allowOnly(current, ['$ref']);
      const pointer = String(current.schema.$ref);
      if (seen.has(pointer))
        throw schemaUnsupported(`the reference ${pointer} leads back to itself`, node.path);
      seen.add(pointer);
      current = this.#at(pointer, node.path);
    }
    return current;
  }

  #at(pointer: string, path: string): SchemaNode {
    if (pointer !== '#' && !pointer.startsWith('#/')) {
      throw schemaUnsupported(`the reference ${pointer} leads elsewhere`, path);
    }
    let value: unknown = this.#root;
    for (const part of pointer.split('/').slice(1)) {
      const key = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
      value =
        typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
    }
    if (value === undefined) throw schemaUnsupported(`the reference ${pointer} leads nowhere`, path);
    return nodeOf(value, pointer);
  }

  #alternatives(node: SchemaNode, keyword: 'anyOf' | 'oneOf'): string {
    const siblings = restrictions(node).filter((key) => key !== keyword);
    if (siblings.some((key) => key !== 'type')) {
      throw schemaUnsupported(`${keyword} beside ${siblings.join(', ')} is not supported`, node.path);
    }
    const { type } = node.schema;
    const names = listOf(node, keyword).map((_part, index) => {
      const part = child(node, keyword, index);
      const resolved = type === undefined || part.schema.$ref !== undefined ? part : withType(part, type);
      return this.rule(resolved);
    });
    return this.#rules.add(keyword, names.join(' | '));
  }

  #constant(node: SchemaNode): string {
    allowOnly(node, ['const', 'type']);
    return this.#rules.add('const', literal(JSON.stringify(node.schema.const)));
  }

  #enumeration(node: SchemaNode): string {
    allowOnly(node, ['enum', 'type']);
    const { type } = node.schema;
    const values = listOf(node, 'enum').filter((value) => type === undefined || hasType(value, type));
    if (values.length === 0) throw schemaUnsupported('no value of the enum has the type', node.path);
    return this.#rules.add('enum', values.map((value) => literal(JSON.stringify(value))).join(' | '));
  }

  #types(node: SchemaNode, types: readonly unknown[]): string {
    const names = types.map((type) => this.rule(forType(node, type)));
    if (names.length === 0) throw schemaUnsupported('type names nothing', node.path);
    return this.#rules.add('types', names.join(' | '));
  }

  #typed(node: SchemaNode): string {
    const type = node.schema.type ?? impliedType(node);
    switch (type) {
      case 'object':
        return this.#object(node);
      case 'array':
        return this.#array(node);
      case 'string':
        return this.#string(node);
      case 'integer':
        return this.#integer(node);
      case 'number':
        return this.#number(node);
      case 'boolean':
        allowOnly(node, ['type']);
        return anyBoolean(this.#rules);
      case 'null':
        allowOnly(node, ['type']);
        return this.#rules.ensure('null', '"null"');
      case undefined:
        allowOnly(node, []);
        return anyValue(this.#rules);
      default:
        throw schemaUnsupported(`the type ${String(type)} is not known`, node.path);
    }
  }

  #object(node: SchemaNode): string {
    allowOnly(node, ['type', 'properties', 'required', 'additionalProperties']);
    const properties = Object.keys((node.schema.properties ?? {}) as Schema);
    const required = new Set(node.schema.required === undefined ? [] : stringsOf(node, 'required'));
    const undeclared = [...required].filter((name) => !properties.includes(name));
    if (undeclared.length > 0 && node.schema.additionalProperties === false) {
      throw schemaUnsupported(`${undeclared.join(', ')} is required and forbidden`, node.path);
    }
    const pairs = [
      ...properties.map((name) => ({ name, value: () => this.rule(child(node, 'properties', name)) })),
      ...undeclared.map((name) => ({ name, value: () => this.#additional(node) })),
    ].map(({ name, value }) => ({ name, required: required.has(name), value: value() }));
    if (pairs.length > 0) return this.#pairs(pairs);
    if (node.schema.additionalProperties === false) {
      return this.#rules.ensure('empty-object', `"{" ${space(this.#rules)} "}"`);
    }
    if (node.schema.additionalProperties === undefined) return anyObject(this.#rules);
    return this.#map(this.#additional(node));
  }

  #additional(node: SchemaNode): string {
    const { additionalProperties } = node.schema;
    return additionalProperties === undefined
      ? anyValue(this.#rules)
      : this.rule(child(node, 'additionalProperties'));
  }

  #map(value: string): string {
    const whitespace = space(this.#rules);
    const pair = `${anyString(this.#rules)} ":" ${whitespace} ${value}`;
    return this.#rules.add(
      'map',
      `"{" ${whitespace} (${pair} ("," ${whitespace} ${pair})*)? ${whitespace} "}"`,
    );
  }

  /** Properties in the schema's order, so that each stands there once; an optional one may be left out. */
  #pairs(
    pairs: readonly { readonly name: string; readonly required: boolean; readonly value: string }[],
  ): string {
    const rules = this.#rules;
    const whitespace = space(rules);
    let first = '""';
    let later = '""';
    for (const { name, required, value } of pairs.toReversed()) {
      const pair = rules.add(`p-${name}`, `${literal(JSON.stringify(name))} ":" ${whitespace} ${value}`);
      const here = later === '""' ? pair : `${pair} ${rules.add(`after-${name}`, later)}`;
      const withComma = `"," ${whitespace} ${here}`;
      const beginning: string = required || first === '""' ? here : `${here} | ${first}`;
      first = required ? here : first === '""' ? `${here} | ""` : beginning;
      later = required ? withComma : later === '""' ? `(${withComma})?` : `${withComma} | ${later}`;
    }
    return rules.add('object-of', `"{" ${whitespace} ${rules.add('pairs', first)} ${whitespace} "}"`);
  }

  #array(node: SchemaNode): string {
    allowOnly(node, ['type', 'items', 'minItems', 'maxItems', 'prefixItems']);
    if (node.schema.prefixItems !== undefined) return this.#tuple(node);
    const least = countOf(node, 'minItems') ?? 0;
    const most = countOf(node, 'maxItems');
    refuseRange(node, { least, most, name: 'Items' });
    if (node.schema.items === undefined && least === 0 && most === null) return anyArray(this.#rules);
    const whitespace = space(this.#rules);
    if (most === 0) return this.#rules.ensure('empty-array', `"[" ${whitespace} "]"`);
    const item = node.schema.items === undefined ? anyValue(this.#rules) : this.rule(child(node, 'items'));
    const limit = most === null ? null : Math.min(most, Math.max(least, repeatsAtMost));
    const more = repeated(
      `"," ${whitespace} ${item}`,
      Math.max(0, least - 1),
      limit === null ? null : limit - 1,
    );
    const items = least === 0 ? `(${item} ${more})?` : `${item} ${more}`;
    return this.#rules.add('array-of', `"[" ${whitespace} ${items} ${whitespace} "]"`);
  }

  /** All items of a tuple, and nothing beyond it. */
  #tuple(node: SchemaNode): string {
    allowOnly(node, ['type', 'prefixItems', 'items', 'minItems', 'maxItems']);
    const parts = listOf(node, 'prefixItems').map((_part, index) =>
      this.rule(child(node, 'prefixItems', index)),
    );
    const least = countOf(node, 'minItems') ?? 0;
    const most = countOf(node, 'maxItems') ?? parts.length;
    if (least > parts.length || most < parts.length) {
      throw schemaUnsupported('prefixItems with another number of items is not supported', node.path);
    }
    const whitespace = space(this.#rules);
    return this.#rules.add(
      'tuple',
      `"[" ${whitespace} ${parts.join(` "," ${whitespace} `)} ${whitespace} "]"`,
    );
  }

  #string(node: SchemaNode): string {
    allowOnly(node, ['type', 'minLength', 'maxLength', 'pattern', 'format']);
    const least = countOf(node, 'minLength') ?? 0;
    const most = countOf(node, 'maxLength');
    refuseRange(node, { least, most, name: 'Length' });
    const { pattern, format } = node.schema;
    const restricted = [pattern, format, least > 0 || most !== null || undefined].filter(
      (part) => part !== undefined,
    );
    if (restricted.length > 1) {
      throw schemaUnsupported(
        'only one of pattern, format and a length can be enforced at a time',
        node.path,
      );
    }
    const inside = this.#insideOf(node, { least, most });
    return inside === null ? anyString(this.#rules) : this.#rules.add('string-of', `"\\"" (${inside}) "\\""`);
  }

  #insideOf(
    node: SchemaNode,
    { least, most }: { readonly least: number; readonly most: number | null },
  ): string | null {
    const { pattern, format } = node.schema;
    if (pattern !== undefined) {
      return patternRule(String(pattern), { path: node.path, anything: character(this.#rules) });
    }
    if (format !== undefined) {
      const rule = formatRule(String(format));
      if (rule === null) throw schemaUnsupported(`the format ${String(format)} is not supported`, node.path);
      return rule;
    }
    if (least === 0 && most === null) return null;
    return repeated(
      character(this.#rules),
      least,
      most === null ? null : Math.min(most, Math.max(least, repeatsAtMost)),
    );
  }

  #integer(node: SchemaNode): string {
    allowOnly(node, ['type', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum']);
    const bounds = wholeBounds(node, { exclusiveStep: 1 });
    if (bounds === null) return anyInteger(this.#rules);
    return this.#rules.add('integer-of', integerRange(bounds.least, bounds.most));
  }

  /** Between whole bounds; a broken number is kept away from the bound, so the answer is never beyond it. */
  #number(node: SchemaNode): string {
    allowOnly(node, ['type', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum']);
    const bounds = wholeBounds(node, { exclusiveStep: 1 });
    if (bounds === null) return anyNumber(this.#rules);
    const { least, most } = bounds;
    const alternatives = [this.#rules.add('whole', integerRange(least, most))];
    const fraction = '"." [0-9]{1,15}';
    if (most > 0 && Math.max(least, 0) <= most - 1) {
      alternatives.push(
        `${this.#rules.add('above', integerRange(Math.max(least, 0), most - 1))} ${fraction}`,
      );
    }
    const closest = Math.max(0, -most);
    if (least < 0 && closest <= -least - 1) {
      alternatives.push(`"-" ${this.#rules.add('below', integerRange(closest, -least - 1))} ${fraction}`);
    }
    return this.#rules.add('number-of', alternatives.join(' | '));
  }
}

function stringsOf(node: SchemaNode, key: string): string[] {
  const value = node.schema[key];
  if (!Array.isArray(value) || value.some((name) => typeof name !== 'string')) {
    throw schemaUnsupported(`${key} must be a list of names`, node.path);
  }
  return value as string[];
}

function refuseRange(
  node: SchemaNode,
  { least, most, name }: { readonly least: number; readonly most: number | null; readonly name: string },
): void {
  if (most !== null && most < least) throw schemaUnsupported(`max${name} is below min${name}`, node.path);
  if (least > repeatsAtMost) throw schemaUnsupported(`min${name} is over ${repeatsAtMost}`, node.path);
}
