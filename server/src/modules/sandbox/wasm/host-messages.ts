import { z } from 'zod';

const Count = z.number().nonnegative();
const Path = z.string().max(4096);
const Paths = z.array(Path).max(100_000);

const Signature = z.object({ params: z.array(z.string()), results: z.array(z.string()) });
const Kind = z.enum(['function', 'table', 'memory', 'global', 'tag']);

const Loaded = z.object({
  type: z.literal('loaded'),
  imports: z.array(
    z.object({ module: z.string(), name: z.string(), kind: Kind, signature: Signature.nullable() }),
  ),
  exports: z.array(z.object({ name: z.string(), kind: Kind, signature: Signature.nullable() })),
  memoryPages: z.int().nonnegative(),
});
export type LoadedReport = z.infer<typeof Loaded>;

const Outcome = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('returned'), results: z.array(z.string().max(100)).max(1000) }),
  z.object({ kind: z.literal('exited'), exitCode: z.int() }),
  z.object({ kind: z.literal('trapped'), reason: z.string().max(4096) }),
  z.object({ kind: z.literal('limit'), limit: z.enum(['fuel', 'output', 'memory', 'disk']) }),
  z.object({ kind: z.literal('refused'), reason: z.string().max(4096) }),
]);
export type CallOutcome = z.infer<typeof Outcome>;

const Ended = z.object({
  type: z.literal('ended'),
  outcome: Outcome,
  fuelUsed: Count,
  memoryBytes: Count,
  fileBytes: Count,
  outputBytes: Count,
  cpuMs: Count,
  changes: z.object({
    written: z.array(z.object({ path: Path, bytes: z.int().nonnegative() })).max(100_000),
    foldersMade: Paths,
    filesGone: Paths,
    foldersGone: Paths,
  }),
});
export type CallReport = z.infer<typeof Ended>;

/** What a host tells. Parsed, because a program that escaped from V8 could tell anything. */
export const HostMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  z.object({ type: z.literal('unknown') }),
  z.object({ type: z.literal('output'), stream: z.enum(['stdout', 'stderr']) }),
  /** So much of the input that was sent while the program runs was read. */
  z.object({ type: z.literal('taken'), bytes: z.int().positive() }),
  z.object({ type: z.literal('refused'), reason: z.string().max(1000), expected: z.boolean() }),
  z.object({ type: z.literal('gone'), outcome: z.unknown() }),
  Loaded,
  Ended,
]);
export type HostMessage = z.infer<typeof HostMessage>;
