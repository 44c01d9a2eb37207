import type { z } from 'zod';
import type { HttpBinding } from '#base/contract.ts';
import type { BoundMethod } from '#kernel/rpc/method.ts';
import { createSchemaCollector, type JsonSchema, type SchemaCollector } from './schemas.ts';

/** The OpenAPI 3.1 document of every REST path that the contracts describe. */
export function openApiDocument(methods: Iterable<BoundMethod>, version: string): Record<string, unknown> {
  const schemas = createSchemaCollector();
  const paths: Record<string, Record<string, unknown>> = {};
  for (const method of methods) {
    const { http, access } = method.definition;
    if (http === undefined || access === 'service') continue;
    const path = http.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [http.verb.toLowerCase()]: operation(method, { http, schemas }) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'CyberDevStudio', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    paths,
    components: {
      schemas: { ...schemas.components, Problem: problemSchema },
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'An access token or an API key' },
        cookie: {
          type: 'apiKey',
          in: 'cookie',
          name: 'cds_session',
          description: 'With the header x-cds-csrf',
        },
      },
    },
  };
}

const problemSchema: JsonSchema = {
  description: 'Problem details (RFC 9457)',
  type: 'object',
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { type: 'string' },
    hint: { type: 'string' },
    traceId: { type: 'string' },
  },
  required: ['type', 'title', 'status', 'detail', 'code', 'hint', 'traceId'],
};

interface OperationParts {
  readonly http: HttpBinding;
  readonly schemas: SchemaCollector;
}

function operation(method: BoundMethod, { http, schemas }: OperationParts): Record<string, unknown> {
  const { name, definition } = method;
  const shape: Record<string, z.ZodType> = definition.params.shape;
  const inPath = new Set([...http.path.matchAll(/:(\w+)/g)].map((match) => match[1] ?? ''));
  const rest = Object.keys(shape).filter((key) => !inPath.has(key));
  const inBody = http.verb !== 'GET' && rest.length > 0;
  const parameter = (key: string, place: 'path' | 'query') => {
    const schema = shape[key];
    return schema === undefined
      ? []
      : [
          {
            name: key,
            in: place,
            required: place === 'path' || !schema.safeParse(undefined).success,
            schema: schemas.schemaOf(`${name}.${key}`, schema, 'input'),
          },
        ];
  };
  const status = String(http.status ?? 200);
  const success =
    status === '204'
      ? { description: 'Done' }
      : {
          description: 'The result',
          content: json(schemas.schemaOf(`${name}.result`, definition.result, 'output')),
        };
  return {
    operationId: name,
    summary: definition.summary,
    tags: [name.slice(0, name.indexOf('.'))],
    parameters: [
      ...[...inPath].flatMap((key) => parameter(key, 'path')),
      ...(inBody ? [] : rest.flatMap((key) => parameter(key, 'query'))),
    ],
    ...(inBody ? { requestBody: bodyOf(method, { schemas, inPath, rest }) } : {}),
    responses: {
      [status]: success,
      default: {
        description: 'A problem',
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    },
    security: definition.access === 'public' ? [] : [{ bearer: [] }, { cookie: [] }],
  };
}

function bodyOf(
  { name, definition }: BoundMethod,
  parts: { schemas: SchemaCollector; inPath: ReadonlySet<string>; rest: readonly string[] },
): Record<string, unknown> {
  const shape: Record<string, z.ZodType> = definition.params.shape;
  const properties = Object.fromEntries(
    parts.rest.flatMap((key) => {
      const schema = shape[key];
      return schema === undefined ? [] : [[key, parts.schemas.schemaOf(`${name}.${key}`, schema, 'input')]];
    }),
  );
  const required = parts.rest.filter((key) => shape[key]?.safeParse(undefined).success === false);
  return {
    required: required.length > 0,
    content: json({ type: 'object', properties, required, additionalProperties: false }),
  };
}

function json(schema: JsonSchema): Record<string, unknown> {
  return { 'application/json': { schema } };
}
