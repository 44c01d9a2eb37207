import { z } from 'zod';

/** The settings of the MCP server, `CDS_MCP_…`. */
export const mcpConfig = z.object({
  bodyLimitBytes: z
    .int()
    .min(1_024)
    .default(4 * 1024 * 1024)
    .describe('Largest request to /mcp'),
  resultLimitBytes: z
    .int()
    .min(1_024)
    .default(1024 * 1024)
    .describe('Largest result of a tool'),
  callsAtOnce: z.int().min(1).default(32).describe('Requests of one user under way at /mcp'),
});

export type McpConfig = z.output<typeof mcpConfig>;
