import { z } from 'zod';

/** Ordered: each role may do what the ones before it may. */
export const Role = z.enum(['viewer', 'developer', 'admin']);
export type Role = z.infer<typeof Role>;

/** Who a request acts for, as established once at the edge. */
export const Principal = z.object({
  userId: z.string(),
  username: z.string(),
  role: Role,
  credential: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('session'), sessionId: z.string() }),
    z.object({ kind: z.literal('apiKey'), apiKeyId: z.string() }),
    z.object({ kind: z.literal('service'), service: z.string() }),
  ]),
  /** Method namespaces an API key is confined to (`project`, `run`, …); absent: everything its role may. */
  scopes: z.array(z.string()).optional(),
});
export type Principal = z.infer<typeof Principal>;

const rank: Record<Role, number> = { viewer: 0, developer: 1, admin: 2 };

/** True when `role` includes what `needed` allows. */
export function roleIncludes(role: Role, needed: Role): boolean {
  return rank[role] >= rank[needed];
}
