import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { z } from 'zod';
import { Fault, fault, isFault } from '#base/fault.ts';
import { Principal } from '#base/principal.ts';
import { onDeparture } from '../http/departure.ts';
import { LazyCall } from './call-context.ts';
import type { BoundMethod } from './method.ts';
import type { InternalAnswer } from './remote-client.ts';
import type { ReplayGuard } from './replay-guard.ts';
import { verifyBody } from './signature.ts';

const InternalCallSchema = z.object({
  method: z.string(),
  params: z.unknown(),
  principal: Principal.nullable(),
  traceId: z.string(),
  address: z.string(),
  language: z.enum(['en', 'de']),
});

export interface InternalRouteOptions {
  readonly methods: ReadonlyMap<string, BoundMethod>;
  readonly key: Buffer;
  /** This process: calls that are meant for another are not taken. */
  readonly instanceId: string;
  /** One for all addresses of the process: at each of them the same calls would be taken. */
  readonly replayGuard: ReplayGuard;
  readonly now: () => number;
  readonly log: Logger;
  readonly bodyLimitBytes: number;
}

/** `POST /internal/rpc`: calls from the platform's other processes, known by their signature, each taken once. */
export function mountInternalRoute(app: FastifyInstance, options: InternalRouteOptions): void {
  const { methods, key, now, log, replayGuard } = options;

  async function* answer(call: LazyCall, method: BoundMethod, params: unknown): AsyncGenerator<string> {
    const line = (value: InternalAnswer) => `${JSON.stringify(value)}\n`;
    try {
      if (!method.streaming) {
        yield line({ result: await method.invoke(params, call) });
        return;
      }
      const source = method.open(params, call);
      try {
        for (;;) {
          const step = await source.next();
          if (step.done === true) {
            yield line({ result: step.value });
            return;
          }
          yield line({ chunk: step.value });
        }
      } finally {
        await source.return(undefined);
      }
    } catch (error) {
      if (!isFault(error))
        log.error({ err: error, traceId: call.traceId, method: method.name }, 'internal call failed');
      const known = error instanceof Fault ? error : fault('common.internal', { traceId: call.traceId });
      const hint = known.hint === undefined ? {} : { hint: known.hint };
      yield line({ fault: { code: known.code, data: { ...known.data }, ...hint } });
    }
  }

  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(
      'application/json',
      { parseAs: 'string', bodyLimit: options.bodyLimitBytes * 2 },
      (_request, body, done) => done(null, body),
    );
    scope.post('/internal/rpc', async (request, reply) => {
      const body = String(request.body);
      const signature = request.headers['x-cds-signature'];
      const nowMs = now();
      const mark = verifyBody(key, { body, signature: String(signature), nowMs });
      if (mark === undefined) throw fault('common.unauthenticated');
      if (mark.to !== options.instanceId) return reply.code(421).send();
      if (!replayGuard.take(mark, nowMs)) throw fault('common.unauthenticated');
      const internal = InternalCallSchema.parse(JSON.parse(body));
      const method = methods.get(internal.method);
      if (method === undefined) throw fault('common.method_not_found', { method: internal.method });
      const call = new LazyCall(internal);
      onDeparture(reply.raw, () => call.abort(fault('common.cancelled')));
      reply.header('content-type', 'application/x-ndjson');
      return reply.send(
        Readable.from(answer(call, method, internal.params), { objectMode: false, highWaterMark: 64 * 1024 }),
      );
    });
  });
}
