import type { z } from 'zod';
import type { Call, Contract, MethodDefinition } from '#base/contract.ts';
import { fault } from '#base/fault.ts';
import { type Principal, roleIncludes } from '#base/principal.ts';

type AnyHandler = (input: { params: unknown; call: Call; user: Principal | null }) => unknown;

/** One callable method with its rules applied; handlers never see unparsed input. */
export interface BoundMethod {
  readonly name: string;
  readonly module: string;
  readonly definition: MethodDefinition;
  readonly streaming: boolean;
  /** For unary methods. */
  invoke(params: unknown, call: Call): Promise<unknown>;
  /** For streaming methods. */
  open(params: unknown, call: Call): AsyncGenerator<unknown, unknown, undefined>;
}

/** How long a method may take; 0: as long as it likes. */
export function timeoutOf(definition: MethodDefinition): number {
  return definition.timeoutMs ?? 30_000;
}

/** Names the first wrong field of a refused input. */
export function invalidParams(error: z.ZodError): Error {
  const issue = error.issues[0];
  const unknownKeys = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
  const field = [...(issue?.path ?? []), ...(unknownKeys === undefined ? [] : [unknownKeys])]
    .map(String)
    .join('.');
  const reason = unknownKeys === undefined ? (issue?.message ?? 'not valid') : 'unknown field';
  return fault('common.invalid_params', {
    field: (field || 'params').slice(0, 200),
    reason: reason.slice(0, 500),
  });
}

/**
 * May this principal call the method from outside? `service` methods do not exist for clients.
 * @throws common.method_not_found, common.unauthenticated, common.forbidden
 */
export function authorize(method: BoundMethod, principal: Principal | null): void {
  const { access } = method.definition;
  if (access === 'public') return;
  if (access === 'service') throw fault('common.method_not_found', { method: method.name });
  if (principal === null) throw fault('common.unauthenticated');
  if (!roleIncludes(principal.role, access)) throw fault('common.forbidden', { needed: access });
  if (principal.scopes !== undefined && !inScope(method.name, principal.scopes)) {
    throw fault('common.forbidden', { needed: method.name.slice(0, method.name.indexOf('.')) });
  }
}

function inScope(method: string, scopes: readonly string[]): boolean {
  return scopes.includes(method.slice(0, method.indexOf('.')));
}

/** Binds a handler to its definition: parses params and result, applies the time-out. */
export function bindMethod(contract: Contract, name: string, handler: AnyHandler): BoundMethod {
  const definition = contract.methods[name];
  if (definition === undefined)
    throw new Error(`${contract.name} has a handler for ${name}, but no such method`);
  const { params: paramsSchema, result: resultSchema, chunk: chunkSchema } = definition;
  const timeoutMs = timeoutOf(definition);

  function parseParams(params: unknown): unknown {
    const parsed = paramsSchema.safeParse(params ?? {});
    if (!parsed.success) throw invalidParams(parsed.error);
    return parsed.data;
  }

  return {
    name,
    module: contract.name,
    definition,
    streaming: chunkSchema !== undefined,
    async invoke(params, call) {
      const pending = handler({ params: parseParams(params), call, user: call.principal });
      const result = pending instanceof Promise ? await withTimeout(pending, timeoutMs, call) : pending;
      return resultSchema.parse(result);
    },
    async *open(params, call) {
      if (chunkSchema === undefined) throw new Error(`${name} does not stream`);
      const source = handler({ params: parseParams(params), call, user: call.principal }) as AsyncGenerator<
        unknown,
        unknown
      >;
      try {
        for (;;) {
          const step = await source.next();
          if (step.done === true) return resultSchema.parse(step.value);
          yield chunkSchema.parse(step.value);
        }
      } finally {
        await source.return(undefined);
      }
    },
  };
}

/** What `pending` brings, or common.timeout, which also aborts the call. */
export async function withTimeout<T>(pending: Promise<T>, timeoutMs: number, call: Call): Promise<T> {
  if (timeoutMs === 0) return pending;
  let timer: NodeJS.Timeout | undefined;
  const expiry = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const reason = fault('common.timeout', { timeoutMs });
      if ('abort' in call && typeof call.abort === 'function') call.abort(reason);
      reject(reason);
    }, timeoutMs);
  });
  try {
    return await Promise.race([pending, expiry]);
  } finally {
    clearTimeout(timer);
  }
}
