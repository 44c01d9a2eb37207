import type { z } from 'zod';
import { fault } from '#base/fault.ts';
import type { Principal } from '#base/principal.ts';
import { invalidParams } from '#kernel/rpc/method.ts';
import type { Outbound } from '#kernel/rpc/outbound.ts';
import type { StreamHub } from '#kernel/rpc/streams.ts';
import { gatewayContract } from './contract.ts';

const { methods } = gatewayContract;

export interface TransportCall {
  readonly method: string;
  readonly params: unknown;
  readonly user: Principal;
  /** The WebSocket that the call came on; absent on /rpc. */
  readonly outbound?: Outbound;
  /** Runs something right after the answer has been sent. */
  readonly afterAnswer?: (work: () => void) => void;
}

/** `stream.cancel`, `stream.resume` and `stream.ack`: the methods about streams, bound to user and connection. */
export function runTransportMethod(hub: StreamHub, call: TransportCall): unknown {
  const { userId } = call.user;
  switch (call.method) {
    case 'stream.cancel': {
      const { streamId } = parse(methods['stream.cancel'].params, call.params);
      return { cancelled: hub.cancel({ streamId, userId }) };
    }
    case 'stream.resume': {
      const { streamId, afterSeq } = parse(methods['stream.resume'].params, call.params);
      const { outbound, afterAnswer } = call;
      if (outbound === undefined || afterAnswer === undefined) {
        throw fault('stream.needs_websocket', { method: call.method });
      }
      const { lastSeq, deliver } = hub.resume({ streamId, afterSeq, userId, outbound });
      afterAnswer(deliver);
      return { streamId, lastSeq };
    }
    case 'stream.ack': {
      hub.acknowledge({ ...parse(methods['stream.ack'].params, call.params), userId });
      return {};
    }
    default:
      throw fault('common.method_not_found', { method: call.method });
  }
}

function parse<Schema extends z.ZodObject>(schema: Schema, params: unknown): z.output<Schema> {
  const parsed = schema.safeParse(params);
  if (!parsed.success) throw invalidParams(parsed.error);
  return parsed.data;
}

/** The handlers of the same methods for calls from inside the platform, which have no WebSocket. */
export function transportHandlers(hub: () => StreamHub | undefined) {
  const run = (method: string) => (input: { params: unknown; user: Principal }) => {
    const current = hub();
    if (current === undefined) throw fault('common.unavailable', { service: 'gateway' });
    return runTransportMethod(current, { method, params: input.params, user: input.user }) as never;
  };
  return {
    'stream.cancel': run('stream.cancel'),
    'stream.resume': run('stream.resume'),
    'stream.ack': run('stream.ack'),
  };
}
