import { z } from 'zod';
import { defineContract } from '#base/contract.ts';
import { systemEvents } from '#base/system-events.ts';

const Instant = z.iso.datetime({ offset: true });

/** One line of the audit log. `hash` covers everything else, `previousHash` ties it to the line before. */
export const AuditEntry = z.object({
  sequence: z.int().positive(),
  eventId: z.string(),
  event: z.string(),
  actorId: z.string().nullable(),
  traceId: z.string().nullable(),
  occurredAt: z.string(),
  recordedAt: z.string(),
  payload: z.unknown(),
  previousHash: z.string(),
  hash: z.string(),
});
export type AuditEntry = z.infer<typeof AuditEntry>;

/** What is wrong at one place of the audit log; `sequence` is 0 where the log as a whole is meant. */
export const AuditProblem = z.object({
  sequence: z.int().nonnegative(),
  kind: z.enum([
    'changed',
    'broken_link',
    'missing',
    'beyond_head',
    'head_changed',
    'tail_removed',
    'checkpoint_mismatch',
    'checkpoint_unreadable',
  ]),
});
export type AuditProblem = z.infer<typeof AuditProblem>;

export const AuditReport = z.object({
  ok: z.boolean(),
  /** How many entries were read. */
  entries: z.int().nonnegative(),
  head: z.object({ sequence: z.int(), hash: z.string() }).nullable(),
  /** The entry that the signed checkpoint outside the database names; 0 before the first one. */
  checkpointSequence: z.int().nonnegative(),
  /** The first problems, at most 50. */
  problems: z.array(AuditProblem),
});
export type AuditReport = z.infer<typeof AuditReport>;

const AuditFact = z.object({
  /** What was done, such as `credential.read`. */
  action: z.string().min(1).max(200),
  /** What it was done to, such as `credential:6f1c…`. */
  subject: z.string().max(500),
  outcome: z.enum(['allowed', 'refused', 'failed']).default('allowed'),
  address: z.string().max(100).optional(),
  data: z.record(z.string(), z.unknown()).default({}),
});

const SystemStatus = z.object({
  status: z.enum(['starting', 'ready', 'degraded', 'stopping']),
  version: z.string(),
  detail: z.record(z.string(), z.unknown()).default({}),
});

const AppUpdate = z.object({ version: z.string(), releasedAt: Instant.optional() });

const Notification = z.object({
  id: z.string(),
  level: z.enum(['info', 'warning', 'error']),
  /** Which message it is; the studio holds its text in both languages. */
  code: z.string(),
  data: z.record(z.string(), z.unknown()).default({}),
  /** For one user, for administrators, or for everybody. */
  audience: z.union([z.object({ userId: z.string() }), z.literal('admin'), z.literal('everybody')]),
});

const topics = ['system.status', 'app.update', 'notification'] as const;
export const UpdateTopic = z.enum(topics);

const Update = z.discriminatedUnion('topic', [
  z.object({ topic: z.literal('system.status'), at: z.string(), data: SystemStatus }),
  z.object({ topic: z.literal('app.update'), at: z.string(), data: AppUpdate }),
  z.object({ topic: z.literal('notification'), at: z.string(), data: Notification }),
]);
export type Update = z.infer<typeof Update>;

const DeadLetter = z.object({
  consumer: z.string(),
  eventId: z.string(),
  event: z.string(),
  attempts: z.int(),
  error: z.string(),
  failedAt: z.string(),
  retryRequested: z.boolean(),
});

/** The audit log, what the platform tells its users by itself, and events that could not be handled. */
export const eventsContract = defineContract('events', {
  faults: {
    'events.dead_letter_unknown': {
      status: 404,
      detail: {
        en: 'No failed event {eventId} of the consumer {consumer} is kept.',
        de: 'Zum Verbraucher {consumer} ist kein fehlgeschlagenes Ereignis {eventId} aufbewahrt.',
      },
      hint: { en: 'event.deadLetters lists them.', de: 'event.deadLetters listet sie auf.' },
    },
    'events.reader_too_slow': {
      status: 503,
      detail: {
        en: 'Updates came faster than they were read.',
        de: 'Die Aktualisierungen kamen schneller, als sie gelesen wurden.',
      },
      hint: { en: 'Subscribe again.', de: 'Abonnieren Sie erneut.' },
    },
    'events.no_gap': {
      status: 409,
      detail: {
        en: 'The audit log reaches its checkpoint; there is no gap to accept.',
        de: 'Das Audit-Protokoll reicht bis zu seinem Prüfpunkt; es gibt keine Lücke anzuerkennen.',
      },
      hint: { en: 'Nothing needs to be done.', de: 'Es ist nichts zu tun.' },
    },
  },
  methods: {
    'audit.list': {
      summary: 'Lists the audit log, newest first.',
      access: 'admin',
      rateClass: 'read',
      params: z.strictObject({
        /** A name (`auth.login`) or a family (`auth.*`). */
        event: z
          .string()
          .max(200)
          .regex(/^[A-Za-z0-9_.-]+(\.\*)?$/, 'a name or a family such as auth.*')
          .optional(),
        actorId: z.string().max(200).optional(),
        traceId: z.string().max(64).optional(),
        from: Instant.optional(),
        to: Instant.optional(),
        /** The `nextCursor` of the page before. */
        cursor: z
          .string()
          .regex(/^\d{1,15}$/, 'a cursor of an earlier page')
          .optional(),
        limit: z.int().min(1).max(500).default(100),
      }),
      result: z.object({ entries: z.array(AuditEntry), nextCursor: z.string().nullable() }),
      http: { verb: 'GET', path: '/api/audit' },
      rpc: true,
    },
    'audit.verify': {
      summary: 'Proves that no line of the audit log was changed or removed.',
      access: 'admin',
      rateClass: 'execute',
      timeoutMs: 600_000,
      params: z.strictObject({}),
      result: AuditReport,
    },
    'audit.acceptGap': {
      summary:
        'Accepts that the log ends before its checkpoint, as after restoring a backup, and records that.',
      access: 'admin',
      params: z.strictObject({ reason: z.string().min(5).max(500) }),
      result: z.object({ checkpointSequence: z.int(), headSequence: z.int() }),
    },
    'audit.record': {
      summary: 'Records what a part did, changed or let somebody see.',
      access: 'service',
      params: z.strictObject({
        kind: z.enum(['action', 'change', 'access']),
        actorId: z.string().nullable(),
        fact: AuditFact,
      }),
      result: z.object({}),
    },
    'event.deadLetters': {
      summary: 'Lists events that a part of the platform could not handle.',
      access: 'admin',
      rateClass: 'read',
      params: z.strictObject({ limit: z.int().min(1).max(500).default(100) }),
      result: z.object({ deadLetters: z.array(DeadLetter) }),
    },
    'event.retryDeadLetter': {
      summary: 'Lets a failed event run once more.',
      access: 'admin',
      params: z.strictObject({ consumer: z.string().max(200), eventId: z.uuid() }),
      result: z.object({}),
    },
    'updates.subscribe': {
      summary: 'Streams what the platform tells by itself: its status, new versions, notifications.',
      access: 'viewer',
      rateClass: 'read',
      params: z.strictObject({
        topics: z
          .array(UpdateTopic)
          .min(1)
          .max(3)
          .default([...topics]),
      }),
      chunk: Update,
      result: z.object({}),
    },
    'updates.announce': {
      summary: 'Tells subscribers of a status, a version or a notification.',
      access: 'service',
      params: z.strictObject({
        update: z.discriminatedUnion('topic', [
          z.strictObject({ topic: z.literal('system.status'), data: SystemStatus }),
          z.strictObject({ topic: z.literal('app.update'), data: AppUpdate }),
          z.strictObject({ topic: z.literal('notification'), data: Notification.omit({ id: true }) }),
        ]),
      }),
      result: z.object({}),
    },
  },
  events: {
    ...systemEvents,
    'audit.action': { summary: 'Somebody did something', payload: AuditFact, durable: true },
    'audit.change': { summary: 'Somebody changed something', payload: AuditFact, durable: true },
    'audit.access': { summary: 'Somebody was shown something', payload: AuditFact, durable: true },
    'audit.gap_accepted': {
      summary: 'An administrator accepted that the end of the audit log is missing',
      payload: z.object({
        reason: z.string(),
        checkpointSequence: z.int(),
        checkpointHash: z.string(),
        headSequence: z.int(),
      }),
      durable: true,
    },
    'system.status': { summary: 'The state of the platform', payload: SystemStatus, durable: false },
    'app.update': { summary: 'A new version is served', payload: AppUpdate, durable: false },
    notification: { summary: 'A message to people', payload: Notification, durable: false },
  },
});
