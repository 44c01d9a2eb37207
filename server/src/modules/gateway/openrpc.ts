import type { z } from 'zod';
import type { MethodDefinition } from '#base/contract.ts';
import type { BoundMethod } from '#kernel/rpc/method.ts';
import { createSchemaCollector, type SchemaCollector } from './schemas.ts';

/** True for methods that JSON-RPC clients may call. */
export function isOffered(definition: MethodDefinition): boolean {
  if (definition.access === 'service') return false;
  return definition.rpc ?? definition.http === undefined;
}

/** The OpenRPC document (https://spec.open-rpc.org, 1.3.2) of the given methods. */
export function openRpcDocument(methods: Iterable<BoundMethod>, version: string): Record<string, unknown> {
  const schemas = createSchemaCollector();
  const described = [...methods]
    .filter((method) => isOffered(method.definition))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((method) => describe(method, schemas));
  return {
    openrpc: '1.3.2',
    info: {
      title: 'CyberDevStudio',
      version,
      description:
        'JSON-RPC 2.0 over POST /rpc and the WebSocket /ws. Methods with `x-stream` answer with {streamId} on ' +
        'the WebSocket, then send stream.data and stream.end.',
      license: { name: 'Apache-2.0' },
    },
    methods: described,
    components: { schemas: schemas.components },
  };
}

function describe({ name, definition }: BoundMethod, schemas: SchemaCollector): Record<string, unknown> {
  const { params, positional, access, chunk } = definition;
  const shape: Record<string, z.ZodType> = params.shape;
  // Positions are listed in their order, before what can be given by name only.
  const first = positional ?? [];
  const keys = [...first, ...Object.keys(shape).filter((key) => !first.includes(key))];
  const described = keys.flatMap((key) => {
    const schema = shape[key];
    if (schema === undefined) return [];
    const required = !schema.safeParse(undefined).success;
    return [{ name: key, required, schema: schemas.schemaOf(`${name}.${key}`, schema, 'input') }];
  });
  const result =
    chunk === undefined
      ? schemas.schemaOf(`${name}.result`, definition.result, 'output')
      : { type: 'object', properties: { streamId: { type: 'string' } }, required: ['streamId'] };
  return {
    name,
    summary: definition.summary,
    paramStructure: positional === undefined ? 'by-name' : 'either',
    // OpenRPC wants required params before optional ones where positions count.
    params:
      positional === undefined
        ? described.sort((a, b) => Number(b.required) - Number(a.required))
        : described,
    result: { name: 'result', schema: result },
    'x-access': access,
    ...(chunk === undefined
      ? {}
      : {
          'x-stream': {
            chunk: schemas.schemaOf(`${name}.chunk`, chunk, 'output'),
            result: schemas.schemaOf(`${name}.end`, definition.result, 'output'),
          },
        }),
  };
}
