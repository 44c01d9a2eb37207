import { z } from 'zod';
import { defineContract } from '#base/contract.ts';
import { Principal } from '#base/principal.ts';

/**
 * What the kernel asks of the module `auth`, wherever it runs: who a token stands for. The module's own contract
 * has the same method; this is the kernel's view of it, since the kernel knows no module.
 * The event `auth.revoked` with `{ userId?, credentialId? }` makes every process forget at once.
 */
export const identityContract = defineContract('auth', {
  methods: {
    'auth.introspect': {
      summary: 'Resolves a token to a principal',
      access: 'service',
      params: z.strictObject({ token: z.string() }),
      result: z.object({ principal: Principal, expiresAtMs: z.number() }).nullable(),
    },
  },
  events: {},
  faults: {},
});
