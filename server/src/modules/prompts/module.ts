import { z } from 'zod';
import { defineModule } from '#kernel/module.ts';
import { projectsContract } from '#modules/projects/contract.ts';
import { promptsContract } from './contract.ts';
import { createHandlers } from './handlers.ts';
import { loadShipped } from './shipped.ts';

export const prompts = defineModule({
  name: 'prompts',
  contract: promptsContract,
  needs: { projects: projectsContract },
  config: z.object({}),
  start: async ({ clients }) => ({
    handlers: createHandlers({ shipped: await loadShipped(), projects: clients.projects }),
  }),
});
