import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { fault } from '#base/fault.ts';
import { newId } from '#base/ids.ts';
import { listDeadLetters, requestRetry } from '#kernel/events/dead-letters.ts';
import { defineModule } from '#kernel/module.ts';
import { createAuditLog } from './audit.ts';
import { verifyAuditLog } from './audit-verify.ts';
import { createCheckpointStore } from './checkpoint.ts';
import { eventsContract } from './contract.ts';
import { createUpdates } from './updates.ts';

export const events = defineModule({
  name: 'events',
  contract: eventsContract,
  needs: {},
  config: z.object({
    checkpointMs: z
      .int()
      .min(100)
      .default(5_000)
      .describe('Milliseconds between copies of the audit log’s signed end to a file'),
  }),
  migrations: new URL('./migrations/', import.meta.url),
  start: (context) => {
    const { database, publish, log, now, stopping } = context;
    const key = context.secret('audit-log');
    const checkpoint = createCheckpointStore({ folder: path.join(context.dataDir, 'events'), key });
    const audit = createAuditLog({ database, checkpoint, key, now, log });
    const updates = createUpdates({ events: context.events });
    context.defer(() => updates[Symbol.dispose]());
    const consumer = context.events.consume('events.audit', '*', (event, transaction) =>
      audit.append(event, transaction),
    );
    context.defer(() => consumer[Symbol.dispose]());
    const keeping = keepCheckpoint();
    context.defer(() => keeping);

    async function keepCheckpoint(): Promise<void> {
      while (!stopping.aborted) {
        await sleep(context.config.checkpointMs, undefined, { signal: stopping, ref: false }).catch(
          () => undefined,
        );
        await audit
          .saveCheckpoint()
          .catch((error: unknown) => log.warn({ err: error }, 'the audit log’s end was not copied'));
      }
    }

    return {
      health: () =>
        audit.trusted ? { ok: true } : { ok: false, detail: 'the audit log contradicts its checkpoint' },
      handlers: {
        'audit.list': ({ params: { cursor, ...filter } }) =>
          audit.list({ ...filter, before: cursor === undefined ? undefined : Number(cursor) }),
        'audit.verify': ({ call }) => verifyAuditLog({ database, checkpoint, key }, { signal: call.signal }),
        'audit.acceptGap': async ({ params, user, call }) => {
          const { checkpoint: seen, head } = await audit.acceptGap();
          await publish(
            'audit.gap_accepted',
            {
              reason: params.reason,
              checkpointSequence: seen.sequence,
              checkpointHash: seen.hash.toString('hex'),
              headSequence: head.sequence,
            },
            { traceId: call.traceId, actorId: user.userId },
          );
          return { checkpointSequence: seen.sequence, headSequence: head.sequence };
        },
        'audit.record': async ({ params: { kind, actorId, fact }, call }) => {
          await publish(`audit.${kind}`, fact, {
            traceId: call.traceId,
            ...(actorId === null ? {} : { actorId }),
          });
          return {};
        },
        'event.deadLetters': async ({ params }) => ({
          deadLetters: await listDeadLetters(database, params.limit),
        }),
        'event.retryDeadLetter': async ({ params }) => {
          if (!(await requestRetry(database, params))) throw fault('events.dead_letter_unknown', params);
          return {};
        },
        'updates.subscribe': ({ params, user, call }) =>
          updates.subscribe({ topics: params.topics, user, signal: call.signal }),
        'updates.announce': async ({ params: { update }, call }) => {
          const options = { traceId: call.traceId };
          if (update.topic === 'notification') {
            await publish('notification', { ...update.data, id: newId(now()) }, options);
          } else if (update.topic === 'system.status') await publish('system.status', update.data, options);
          else await publish('app.update', update.data, options);
          return {};
        },
      },
    };
  },
});
