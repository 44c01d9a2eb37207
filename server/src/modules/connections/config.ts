import { z } from 'zod';

/** Settings of connections: `CDS_CONNECTIONS_…`. */
export const connectionsConfig = z.object({
  perProject: z.int().min(1).default(20).describe('Connections of one project'),
  privateHosts: z
    .string()
    .default('')
    .transform((text) => text.split(/[\s,]+/).filter((part) => part !== ''))
    .describe('host:port, separated by commas: MCP servers in private networks that every project may use'),
  idleMs: z.int().min(100).default(60_000).describe('A started server that nobody asks for so long is ended'),
  idlePerUser: z.int().min(0).default(3).describe('Such servers of one user that are kept'),
  startMs: z.int().min(100).default(30_000).describe('How long a server may take to begin'),
  resultBytes: z
    .int()
    .min(1024)
    .default(1024 * 1024)
    .describe('Largest answer of a server; what a tool answers beyond is refused'),
  outputBytes: z
    .int()
    .min(1024 * 1024)
    .default(32 * 1024 * 1024)
    .describe('All that a started server may write before it is ended'),
});
export type ConnectionsConfig = z.output<typeof connectionsConfig>;
