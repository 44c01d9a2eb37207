import { z } from 'zod';
import { parseEditFormats } from './control/edit-format.ts';

/** Settings of the agents: `CDS_AGENTS_…`. */
export const agentsConfig = z.object({
  parallel: z.int().min(1).max(64).default(2).describe('Tasks that run at the same time in one process'),
  tasksPerUser: z.int().min(1).default(50).describe('Tasks of one user that wait or run'),
  copyFiles: z
    .int()
    .min(100)
    .default(100_000)
    .describe('Most files of a project that an agent works on a copy of'),
  copyBytes: z
    .int()
    .min(1024 ** 2)
    .default(2 * 1024 ** 3)
    .describe('Most bytes of such a project'),
  spareCopies: z
    .int()
    .min(0)
    .max(8)
    .default(1)
    .describe(
      'Copies of a project that wait for its next task, which then begins sooner; each takes twice the room of the files',
    ),
  spareDays: z.int().min(1).max(365).default(7).describe('Days for which a copy waits that no task uses'),
  spareFreeBytes: z
    .int()
    .min(0)
    .default(2 * 1024 ** 3)
    .describe('Free room of the disk below which no copy waits'),
  leaseMs: z
    .int()
    .min(1_000)
    .default(20_000)
    .describe('After how long without a sign of life a task counts as abandoned'),
  consentMs: z
    .int()
    .min(100)
    .default(86_400_000)
    .describe('How long a task waits for leave before it goes on without'),
  editFormats: z
    .string()
    .max(10_000)
    .refine((text) => parseEditFormats(text) !== null)
    .default('')
    .describe(
      'How models write changes in steps, as model=format with whole, searchReplace or diff, parted by commas; a star stands for any letters',
    ),
  npmRegistry: z
    .url({ protocol: /^https?$/ })
    .default('https://registry.npmjs.org')
    .describe('Whom the security agent asks about npm packages, when the project may reach that host'),
});
export type AgentsConfig = z.output<typeof agentsConfig>;
