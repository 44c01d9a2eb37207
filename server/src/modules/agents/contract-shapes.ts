import { z } from 'zod';
import { Consent } from './contract-consent.ts';

/** Shapes of the agents contract. Times are ISO 8601 in UTC. */

export const AgentName = z.enum(['code', 'test', 'design', 'debug', 'security', 'doc']);
export type AgentName = z.infer<typeof AgentName>;

export const TaskStatus = z.enum([
  'pending',
  'running',
  'waiting_for_input',
  'completed',
  'failed',
  'cancelled',
]);
export type TaskStatus = z.infer<typeof TaskStatus>;

export const ChangeState = z.enum(['none', 'proposed', 'applied', 'rejected', 'rolled_back']);
export type ChangeState = z.infer<typeof ChangeState>;

/** One entry of a task's log. `data` depends on `kind`; texts longer than 64 Ki characters are cut, and say so. */
export const Step = z.object({
  sequence: z.int().positive(),
  at: z.iso.datetime(),
  kind: z.enum([
    'queued',
    'started',
    'restarted',
    'context',
    'model',
    'tool',
    'overlap',
    'escalated',
    'check',
    'retry',
    'asked',
    'replied',
    'completed',
    'failed',
    'cancelled',
    'applied',
    'rejected',
    'rolled_back',
  ]),
  data: z.record(z.string(), z.unknown()),
});
export type Step = z.infer<typeof Step>;
export type StepKind = Step['kind'];

/** A piece of the answer that a model is writing right now. It stands in no log: the answer's step holds all of it. */
export const Writing = z.object({
  kind: z.literal('writing'),
  /** The last step before the answer: once a later one is there, the answer is over. */
  after: z.int().min(0),
  /** Where in the answer the text belongs, in characters (UTF-16 units). Pieces can come twice, and begin late. */
  from: z.int().min(0),
  text: z.string().max(4_000),
  /** Words to its user, the content of a file, or a decision as JSON. */
  form: z.enum(['words', 'code', 'choice']),
  /** The tool that is being called, with how much of its input is there. */
  tool: z.object({ name: z.string().max(200), characters: z.int().min(0) }).nullable(),
});
export type Writing = z.infer<typeof Writing>;

export const Finding = z.object({
  path: z.string(),
  line: z.int().positive(),
  rule: z.string(),
  severity: z.enum(['high', 'medium', 'low']),
  message: z.object({ en: z.string(), de: z.string() }),
  /** The line itself; secrets in it are masked. */
  evidence: z.string(),
});
export type Finding = z.infer<typeof Finding>;

export const Usage = z.object({
  calls: z.int(),
  promptTokens: z.int(),
  completionTokens: z.int(),
  /** Tokens of calls that told no usage or broke off, counted from their length, rather too many than too few. */
  estimatedTokens: z.int(),
  /** In the installation's currency, as an exact decimal such as "0.00015". */
  cost: z.string(),
});
export type Usage = z.infer<typeof Usage>;

export const Budget = z.object({
  tokens: z.int(),
  seconds: z.int(),
  /** Millionths of the installation's currency; null is no limit but that of the account. */
  cost: z.int().nullable(),
});
export type Budget = z.infer<typeof Budget>;

export const CommandLine = z.strictObject({
  command: z.string().min(1).max(400),
  args: z.array(z.string().max(4000)).max(100).default([]),
});
export type CommandLine = z.output<typeof CommandLine>;

export const TaskInfo = z.object({
  taskId: z.uuid(),
  projectId: z.uuid(),
  userId: z.string(),
  agent: AgentName,
  task: z.string(),
  /** What its user named. */
  files: z.array(z.string()),
  command: CommandLine.nullable(),
  model: z.string(),
  /** The stronger model that its user has allowed for when this one does not manage. */
  escalateTo: z.string().nullable(),
  status: TaskStatus,
  changeState: ChangeState,
  priority: z.int(),
  after: z.array(z.uuid()),
  budget: Budget,
  usage: Usage,
  /** Of a task that waits. */
  question: z.string().nullable(),
  /** What its question asks leave for; answered by agent.consent. */
  consent: Consent.nullable(),
  /** One sentence about what was done. */
  summary: z.string().nullable(),
  /** Fault code and data of a failed one. */
  problem: z.object({ code: z.string(), data: z.record(z.string(), z.unknown()) }).nullable(),
  createdAt: z.iso.datetime(),
  startedAt: z.iso.datetime().nullable(),
  finishedAt: z.iso.datetime().nullable(),
  /** Time at work, without waiting. */
  secondsUsed: z.number(),
});
export type TaskInfo = z.infer<typeof TaskInfo>;

/** Another task that has to do with the same files: it runs, or its proposal is not decided yet. */
export const Overlap = z.object({
  taskId: z.uuid(),
  path: z.string(),
  state: z.enum(['running', 'waiting_for_input', 'proposed']),
});
export type Overlap = z.infer<typeof Overlap>;
