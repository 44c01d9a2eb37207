import { z } from 'zod';
import { AgentName } from './contract-shapes.ts';

/** Shapes of proposed changes and of what apply and rollback answer. */

export const ChangedFile = z.object({
  path: z.string(),
  change: z.enum(['created', 'changed', 'deleted']),
  binary: z.boolean(),
  addedLines: z.int(),
  removedLines: z.int(),
  /** Unified; empty for binary files. */
  diff: z.string(),
});
export type ChangedFile = z.infer<typeof ChangedFile>;

/** One difference between both sides of a file; its number is how a caller names it. Lines count from one. */
export const Region = z.object({
  number: z.int().positive(),
  beforeLine: z.int().positive(),
  removedLines: z.int(),
  afterLine: z.int().positive(),
  addedLines: z.int(),
});
export type Region = z.infer<typeof Region>;

/** Both sides of a proposed file. The texts are null where there is no file, for binary files and for very large ones. */
export const ProposedFile = z.object({
  path: z.string(),
  change: ChangedFile.shape.change,
  /** `whole`: only all of it can be taken, for it is binary or too large to be shown. */
  shown: z.enum(['lines', 'whole']),
  before: z.string().nullable(),
  after: z.string().nullable(),
  regions: z.array(Region),
});
export type ProposedFile = z.infer<typeof ProposedFile>;

/** A file that a task proposes to change, which nobody has decided about yet. */
export const OpenProposal = z.object({
  taskId: z.uuid(),
  agent: AgentName,
  path: z.string(),
  change: ChangedFile.shape.change,
});
export type OpenProposal = z.infer<typeof OpenProposal>;

/** A place where the agent's change and the present file differ from what both began with. */
export const Hunk = z.object({
  /** Line in the present file, from one. */
  startLine: z.int().positive(),
  base: z.string(),
  present: z.string(),
  proposed: z.string(),
  /** Up to three lines before and after it, as they will stand. */
  contextBefore: z.string(),
  contextAfter: z.string(),
});
export type Hunk = z.infer<typeof Hunk>;

export const Conflict = z.object({
  path: z.string(),
  /** `changed`: the file is no longer the one that was decided about. */
  reason: z.enum(['content', 'binary', 'deleted', 'syntax', 'unreadable', 'changed']),
  /** Names the present content; a decision about it repeats it. Null is no file. */
  presentHash: z.string().nullable(),
  hunks: z.array(Hunk),
  /** For `syntax`: both changes together, which no longer parse. */
  merged: z.string().nullable(),
});
export type Conflict = z.infer<typeof Conflict>;

const presentHash = z.string().length(64).nullable();

/** How the user settles a conflict of one file. It holds only while the file is the one they saw. */
export const Decision = z.union([
  /** What stands in place of each hunk, in order. */
  z.strictObject({ presentHash, hunks: z.array(z.string().max(1_000_000)).max(5_000) }),
  /** The whole content; null deletes. */
  z.strictObject({ presentHash, text: z.string().max(4_000_000).nullable() }),
  /** The agent's version of the file. */
  z.strictObject({ presentHash, take: z.literal('proposed') }),
]);
export type Decision = z.infer<typeof Decision>;

/** What apply and rollback answer. With conflicts nothing was written. */
export const Written = z.object({
  written: z.array(z.string()),
  conflicts: z.array(Conflict),
  /** Of a preview: how each file would change. */
  changes: z.array(ChangedFile).optional(),
});
export type Written = z.infer<typeof Written>;
