import { z } from 'zod';
import { defineContract } from '#base/contract.ts';
import { streamFaults } from '#base/stream-faults.ts';

const StreamId = z.string().min(1).max(64);

/**
 * JSON-RPC 2.0 for everything that the platform offers: `POST /rpc` and the WebSocket `/ws`. The methods here are
 * the transport's own; all others come from the contracts of the modules that the gateway needs.
 */
export const gatewayContract = defineContract('gateway', {
  faults: {
    ...streamFaults,
    'gateway.too_many_connections': {
      status: 429,
      detail: {
        en: 'You have {limit} open connections, which is the most.',
        de: 'Sie haben {limit} offene Verbindungen; mehr sind nicht möglich.',
      },
      hint: { en: 'Close one first.', de: 'Schließen Sie zuerst eine.' },
    },
    'gateway.session_ended': {
      status: 401,
      detail: {
        en: 'The sign-in that opened this connection has ended.',
        de: 'Die Anmeldung, mit der diese Verbindung geöffnet wurde, ist beendet.',
      },
      hint: {
        en: 'Sign in or renew the session, connect again and resume your streams.',
        de: 'Melden Sie sich an oder erneuern Sie die Sitzung, verbinden Sie sich neu und setzen Sie die Streams fort.',
      },
    },
  },
  methods: {
    'rpc.discover': {
      summary: 'The OpenRPC document of every method.',
      access: 'public',
      rateClass: 'read',
      params: z.strictObject({}),
      result: z.record(z.string(), z.unknown()),
    },
    'stream.cancel': {
      summary: 'Ends a running stream; `cancelled` tells whether it still ran.',
      access: 'viewer',
      rateClass: 'read',
      positional: ['streamId'],
      params: z.strictObject({ streamId: StreamId }),
      result: z.object({ cancelled: z.boolean() }),
    },
    'stream.resume': {
      summary: 'Goes on with a stream on this WebSocket, after the last frame that the client has seen.',
      access: 'viewer',
      rateClass: 'read',
      positional: ['streamId', 'afterSeq'],
      params: z.strictObject({ streamId: StreamId, afterSeq: z.int().nonnegative() }),
      result: z.object({ streamId: StreamId, lastSeq: z.int() }),
    },
    'stream.ack': {
      summary: 'Confirms every frame up to `seq`; a stream that is confirmed never loses one.',
      access: 'viewer',
      rateClass: 'read',
      positional: ['streamId', 'seq'],
      params: z.strictObject({ streamId: StreamId, seq: z.int().nonnegative() }),
      result: z.object({}),
    },
  },
  events: {},
});
