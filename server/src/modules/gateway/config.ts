import { z } from 'zod';
import { defaultStreamLimits } from '#kernel/rpc/streams.ts';

/** The gateway's settings, `CDS_GATEWAY_…`. */
export const gatewayConfig = z.object({
  connectionsPerUser: z.int().min(1).default(1_024).describe('Open WebSockets of one user'),
  callsAtOnce: z.int().min(1).default(128).describe('Calls under way on one WebSocket'),
  messageLimitBytes: z
    .int()
    .min(1_024)
    .default(8 * 1024 * 1024)
    .describe('Largest message on a WebSocket'),
  heartbeatMs: z.int().min(50).default(30_000).describe('Milliseconds between pings'),
  highWaterBytes: z
    .int()
    .min(1_024)
    .default(256 * 1024)
    .describe('Bytes waiting for a slow reader before its streams hold back'),
  stuckMs: z
    .int()
    .min(50)
    .default(defaultStreamLimits.stuckMs)
    .describe('Milliseconds after which a reader that takes nothing is dropped'),
  graceMs: z
    .int()
    .min(50)
    .default(defaultStreamLimits.graceMs)
    .describe('Milliseconds that a stream waits for a client that has gone'),
  replayBytes: z
    .int()
    .min(1_024)
    .default(defaultStreamLimits.replayBytes)
    .describe('Bytes of a stream kept for a client that comes back'),
  streamsPerConnection: z
    .int()
    .min(1)
    .default(defaultStreamLimits.streamsPerConnection)
    .describe('Streams running on one WebSocket'),
  streamsPerUser: z
    .int()
    .min(1)
    .default(defaultStreamLimits.streamsPerUser)
    .describe('Streams running for one user'),
});

export type GatewayConfig = z.output<typeof gatewayConfig>;
