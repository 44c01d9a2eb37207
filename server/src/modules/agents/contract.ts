import { z } from 'zod';
import { defineContract } from '#base/contract.ts';
import { fileFaults } from '#base/file-faults.ts';
import { ChangedFile, Decision, OpenProposal, ProposedFile, Written } from './contract-changes.ts';
import { ConsentDecision } from './contract-consent.ts';
import { agentFaults } from './contract-faults.ts';
import {
  AgentName,
  CommandLine,
  Finding,
  Overlap,
  Step,
  TaskInfo,
  TaskStatus,
  Writing,
} from './contract-shapes.ts';

const ProjectId = z.uuid();
const TaskId = z.uuid();
const ModelName = z.string().min(1).max(300);
const FilePath = z.string().min(1).max(4096);
const Paths = z.array(FilePath).min(1).max(1000).optional();
/** For files in conflict. */
const Decisions = z.record(FilePath, Decision).default({});
const ProjectSettings = z.object({
  /** The model that may go on where a task's own does not manage; null, as at the start, is none. */
  escalateTo: z.string().nullable(),
});
/** Only tells what would be written. */
const preview = z.boolean().default(false);
/** Writes although the agent's check fails for the project as it would be. */
const insist = z.boolean().default(false);

/** Agents: tasks that work on a copy of a project and propose changes, which their user applies, rejects or takes back. */
export const agentsContract = defineContract('agents', {
  faults: { ...fileFaults, ...agentFaults },
  methods: {
    'agent.dispatch': {
      summary: 'Gives an agent a task; it waits in the queue and then works on a copy of the project.',
      access: 'developer',
      rateClass: 'execute',
      params: z.strictObject({
        projectId: ProjectId,
        agent: AgentName,
        task: z.string().trim().min(1).max(50_000),
        model: ModelName.default('auto/code'),
        /**
         * Allows another, usually stronger model to go on when this one does not manage, within the same budget. Without it
         * the project's setting holds; null allows none.
         */
        escalateTo: ModelName.nullable().optional(),
        /**
         * Files that it is about; without them the agent looks for them itself. Naming a file that usually holds secrets, or
         * one that decides what runs elsewhere, allows the agent to use it.
         */
        files: z.array(FilePath).max(50).default([]),
        /** `steps` is for small models: one decision or one file per call. By default local models get it. */
        mode: z.enum(['auto', 'steps', 'tools']).default('auto'),
        /** Checks the result; needed by debug, where it must fail before and pass afterwards. */
        command: CommandLine.optional(),
        priority: z.int().min(0).max(9).default(5),
        budget: z
          .strictObject({
            tokens: z.int().min(100).max(50_000_000).default(200_000),
            seconds: z.int().min(1).max(86_400).default(900),
            /** Millionths of the installation's currency; without it only the account limits what is spent. */
            cost: z.int().min(0).max(1_000_000_000_000).nullable().default(null),
          })
          .prefault({}),
        /** Tasks that must complete first. */
        after: z.array(TaskId).max(20).default([]),
      }),
      result: z.object({ taskId: TaskId }),
    },
    'agent.status': {
      summary: 'Tells a task with its proposed change.',
      access: 'viewer',
      rateClass: 'read',
      params: z.strictObject({ taskId: TaskId }),
      result: TaskInfo.extend({
        progress: z.number().min(0).max(1),
        changeSet: z.array(ChangedFile),
        findings: z.array(Finding),
        overlaps: z.array(Overlap),
      }),
    },
    'agent.list': {
      summary: 'Lists the tasks of a project, newest first.',
      access: 'viewer',
      rateClass: 'read',
      params: z.strictObject({
        projectId: ProjectId,
        status: TaskStatus.optional(),
        cursor: TaskId.optional(),
        limit: z.int().min(1).max(200).default(50),
      }),
      result: z.object({ tasks: z.array(TaskInfo), nextCursor: TaskId.nullable() }),
    },
    'agent.history': {
      summary: 'Reads the log of a task: each step, prompt, tool call, output and token count.',
      access: 'viewer',
      rateClass: 'read',
      params: z.strictObject({
        taskId: TaskId,
        /** Steps after this one. */
        after: z.int().min(0).default(0),
        limit: z.int().min(1).max(500).default(100),
      }),
      result: z.object({ steps: z.array(Step), more: z.boolean() }),
    },
    'agent.export': {
      summary:
        'Reads a task with its log as lines of JSON, without secrets, names and places: what can be given to others.',
      access: 'viewer',
      rateClass: 'read',
      params: z.strictObject({
        taskId: TaskId,
        /** Steps after this one; the page after 0 begins with the task itself and what it changed. */
        after: z.int().min(0).default(0),
      }),
      result: z.object({ lines: z.array(z.string()), next: z.int().nullable() }),
    },
    'agent.watch': {
      summary:
        'Streams the steps of a task, from the first or from `after` on, until it has ended or waits for input.',
      access: 'viewer',
      rateClass: 'read',
      params: z.strictObject({
        taskId: TaskId,
        after: z.int().min(0).default(0),
        /** Also tells what the model is writing, about every 80 ms, before the step with the whole of it is there. */
        live: z.boolean().default(false),
      }),
      chunk: z.discriminatedUnion('kind', [Step, Writing]),
      result: TaskInfo,
    },
    'agent.reply': {
      summary: 'Answers the question of a task that waits.',
      access: 'developer',
      rateClass: 'write',
      params: z.strictObject({ taskId: TaskId, text: z.string().trim().min(1).max(20_000) }),
      result: TaskInfo,
    },
    'agent.consent': {
      summary:
        'Allows or refuses what a waiting task asks leave for: once, for the rest of the task, or not at all.',
      access: 'developer',
      rateClass: 'write',
      params: z.strictObject({
        taskId: TaskId,
        /** Of the question that was shown: a later one is not answered by it. */
        consentId: z.uuid(),
        decision: ConsentDecision,
      }),
      result: TaskInfo,
    },
    'agent.cancel': {
      summary: 'Ends a task, its model call and every program of it.',
      access: 'developer',
      rateClass: 'write',
      params: z.strictObject({ taskId: TaskId }),
      result: TaskInfo,
    },
    'agent.file': {
      summary: 'Reads both sides of one proposed file, and its changes by number.',
      access: 'viewer',
      rateClass: 'read',
      params: z.strictObject({ taskId: TaskId, path: FilePath }),
      result: ProposedFile,
    },
    'agent.proposals': {
      summary: 'Lists the files that the tasks of a project propose to change and nobody has decided about.',
      access: 'viewer',
      rateClass: 'read',
      params: z.strictObject({ projectId: ProjectId }),
      result: z.object({ files: z.array(OpenProposal), more: z.boolean() }),
    },
    'agent.apply': {
      summary:
        'Merges a proposed change, or some files or parts of files of it, into the project; conflicts write nothing.',
      access: 'developer',
      rateClass: 'write',
      timeoutMs: 600_000,
      params: z.strictObject({
        taskId: TaskId,
        paths: Paths,
        /** For files of which only some changes are taken: their numbers, as agent.file tells them. */
        hunks: z.record(FilePath, z.array(z.int().positive()).max(5_000)).default({}),
        decisions: Decisions,
        preview,
        insist,
      }),
      result: Written,
    },
    'agent.reject': {
      summary: 'Puts a proposed change away; the files stay as they are.',
      access: 'developer',
      rateClass: 'write',
      params: z.strictObject({ taskId: TaskId }),
      result: TaskInfo,
    },
    'agent.rollback': {
      summary: 'Takes an applied change back, or some files of it; later edits stay. agent.redo undoes it.',
      access: 'developer',
      rateClass: 'write',
      timeoutMs: 120_000,
      params: z.strictObject({
        taskId: TaskId,
        paths: Paths,
        decisions: Decisions,
        preview,
      }),
      result: Written,
    },
    'agent.redo': {
      summary: 'Brings back exactly what the last rollback took; later edits stay. Checked like agent.apply.',
      access: 'developer',
      rateClass: 'write',
      timeoutMs: 600_000,
      params: z.strictObject({ taskId: TaskId, paths: Paths, decisions: Decisions, preview, insist }),
      result: Written,
    },
    'agent.settings.get': {
      summary: 'Tells what the owners of a project have decided for its tasks.',
      access: 'viewer',
      rateClass: 'read',
      params: z.strictObject({ projectId: ProjectId }),
      result: ProjectSettings,
    },
    'agent.settings.set': {
      summary: 'Decides for the tasks of a project which other model may go on; for its owners.',
      access: 'developer',
      rateClass: 'write',
      params: z.strictObject({ projectId: ProjectId, escalateTo: ModelName.nullable() }),
      result: ProjectSettings,
    },
  },
  events: {
    'agent.step': {
      summary: 'A task has a new step.',
      durable: false,
      payload: z.object({ taskId: TaskId, projectId: ProjectId, sequence: z.int(), kind: z.string() }),
    },
    'agent.writing': {
      summary: 'The model of a task has written more; announced only while somebody looks.',
      durable: false,
      payload: Writing.extend({ taskId: TaskId }),
    },
    'agent.looking': {
      summary: 'Somebody looks at a task as it is written.',
      durable: false,
      payload: z.object({
        taskId: TaskId,
        /** They have nothing yet of the answer that is being written. */
        whole: z.boolean(),
      }),
    },
    'agent.cancelling': {
      summary: 'A running task is to end, in whichever process it runs.',
      durable: false,
      payload: z.object({ taskId: TaskId }),
    },
    'agent.ended': {
      summary: 'A task has ended.',
      durable: true,
      payload: z.object({
        taskId: TaskId,
        projectId: ProjectId,
        userId: z.string(),
        status: TaskStatus,
        problem: z.string().nullable(),
      }),
    },
    'agent.settings_changed': {
      summary: 'The owners of a project have decided anew which other model may go on in its tasks.',
      durable: true,
      payload: z.object({ projectId: ProjectId, userId: z.string(), escalateTo: z.string().nullable() }),
    },
    'agent.change': {
      summary: 'A proposed change was applied, rejected or taken back.',
      durable: true,
      payload: z.object({
        taskId: TaskId,
        projectId: ProjectId,
        userId: z.string(),
        change: z.enum(['applied', 'rejected', 'rolled_back']),
        paths: z.array(z.string()),
      }),
    },
  },
});
