import { z } from 'zod';

const Text = z.object({ en: z.string(), de: z.string() });
export const Step = z.enum(['clean', 'build', 'hash', 'worker', 'metadata', 'deploy', 'purge', 'verify']);
const Warning = z.object({
  code: z.string(),
  text: Text,
  fix: Text.optional(),
  file: z.string().optional(),
  line: z.number().optional(),
  column: z.number().optional(),
});

const At = { step: Step, position: z.int(), total: z.int() };

/** What happens while a site is built or deployed, as it happens. */
export const SiteEvent = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('started'), ...At, title: Text }),
  z.object({ kind: z.literal('info'), step: Step, text: Text }),
  z.object({ kind: z.literal('warning'), step: Step, warning: Warning }),
  z.object({ kind: z.literal('advanced'), step: Step, done: z.number(), total: z.number() }),
  z.object({
    kind: z.literal('finished'),
    ...At,
    outcome: z.string(),
    summary: Text,
    durationMs: z.number(),
  }),
  z.object({ kind: z.literal('failed'), ...At, code: z.string(), durationMs: z.number() }),
]);
export type SiteEvent = z.infer<typeof SiteEvent>;

const StepReport = z.object({
  step: Step,
  position: z.int(),
  outcome: z.enum(['done', 'skipped', 'planned', 'failed']),
  summary: Text,
  warnings: z.array(Warning),
  durationMs: z.number(),
});

const FlowFault = z.object({
  code: z.string(),
  text: Text,
  fix: Text,
  file: z.string().optional(),
  line: z.number().optional(),
  column: z.number().optional(),
});
export type SiteFlowFault = z.infer<typeof FlowFault>;

/** The account of the last run of a project's flow. A run that failed is an answer, too: `faults` says why. */
export const SiteReport = z.object({
  outcome: z.enum(['done', 'planned', 'failed']),
  startedAt: z.iso.datetime(),
  durationMs: z.number(),
  steps: z.array(StepReport),
  faults: z.array(FlowFault),
});
export type SiteReport = z.infer<typeof SiteReport>;

export const Release = z.object({
  id: z.string(),
  label: z.string(),
  contentHash: z.string(),
  deployedAt: z.iso.datetime(),
  live: z.boolean(),
});

export const HistoryEntry = z.object({
  at: z.iso.datetime(),
  action: z.enum(['deploy', 'rollback']),
  releaseId: z.string(),
  previousId: z.string().nullable(),
});

/** What is built but perhaps not deployed. */
export const BuiltRelease = z.object({
  id: z.string(),
  label: z.string(),
  contentHash: z.string(),
  files: z.int(),
  bytes: z.int(),
});

export const ReleaseDiff = z.object({
  before: z.string(),
  after: z.string(),
  changes: z.array(
    z.object({
      path: z.string(),
      kind: z.enum(['added', 'removed', 'changed']),
      role: z.string(),
      sizeBefore: z.number().nullable(),
      sizeAfter: z.number().nullable(),
    }),
  ),
  unchangedFiles: z.int(),
  sizeDeltaBytes: z.int(),
});
