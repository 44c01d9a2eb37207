import type { z } from 'zod';
import { fault } from '#base/fault.ts';
import type { Principal } from '#base/principal.ts';
import type { EventEnvelope, Events } from '#kernel/module.ts';
import type { Update, UpdateTopic } from './contract.ts';

type Topic = z.infer<typeof UpdateTopic>;

/** What the platform tells its users by itself, as a stream for each subscriber. */
export interface Updates extends Disposable {
  subscribe(input: {
    topics: readonly Topic[];
    user: Principal;
    signal: AbortSignal;
  }): AsyncGenerator<Update, Record<string, never>, undefined>;
}

const mostWaiting = 256;

/** A new subscriber is told the last known status at once. */
export function createUpdates(deps: { events: Events }): Updates {
  const { events } = deps;
  let lastStatus: Update | undefined;
  const status = events.subscribe('system.status', (event) => {
    lastStatus = updateOf(event);
  });

  async function* subscribe(input: { topics: readonly Topic[]; user: Principal; signal: AbortSignal }) {
    const { topics, user, signal } = input;
    const waiting: Update[] = [];
    let overflowed = false;
    let wake: () => void = () => undefined;
    using subscriptions = new DisposableStack();
    const onAbort = () => wake();
    signal.addEventListener('abort', onAbort);
    subscriptions.defer(() => signal.removeEventListener('abort', onAbort));
    for (const topic of new Set(topics)) {
      const onEvent = (event: EventEnvelope) => {
        const update = updateOf(event);
        if (!isFor(update, user)) return;
        if (waiting.length >= mostWaiting) overflowed = true;
        else waiting.push(update);
        wake();
      };
      subscriptions.use(events.subscribe(topic, onEvent));
    }
    if (lastStatus !== undefined && topics.includes('system.status')) waiting.push(lastStatus);
    while (!signal.aborted) {
      const next = waiting.shift();
      if (next !== undefined) {
        yield next;
        continue;
      }
      if (overflowed) throw fault('events.reader_too_slow');
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (signal.aborted) resolve();
      });
    }
    return {};
  }

  return { subscribe, [Symbol.dispose]: () => status[Symbol.dispose]() };
}

/** The payload was parsed by the contract where it was announced. */
function updateOf(event: EventEnvelope): Update {
  return {
    topic: event.name,
    at: new Date(event.occurredAtMs).toISOString(),
    data: event.payload,
  } as Update;
}

function isFor(update: Update, user: Principal): boolean {
  if (update.topic !== 'notification') return true;
  const { audience } = update.data;
  if (audience === 'everybody') return true;
  return audience === 'admin' ? user.role === 'admin' : audience.userId === user.userId;
}
