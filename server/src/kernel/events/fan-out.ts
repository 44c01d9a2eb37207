import type { Logger } from 'pino';
import type { EventEnvelope } from '../module.ts';
import type { EventPattern } from './pattern.ts';
import type { EventTransport } from './transport.ts';

/** What one process tells the others. */
interface Message {
  readonly from: string;
  readonly durable: boolean;
  readonly event: EventEnvelope;
}

interface Subscription {
  readonly pattern: EventPattern;
  readonly onEvent: (event: EventEnvelope) => unknown;
}

export interface FanOutOptions {
  readonly transport: EventTransport;
  readonly processId: string;
  readonly log: Logger;
  /** A durable event of this name can be read, announced here or elsewhere. */
  readonly onDurable: (name: string) => void;
  readonly onGap: () => void;
}

export interface FanOut {
  subscribe(pattern: EventPattern, onEvent: (event: EventEnvelope) => unknown): Disposable;
  /** Hands an event to this process's subscribers and sends it to the other processes. */
  spread(event: EventEnvelope, durable: boolean): void;
  start(): Promise<void>;
}

const remembered = 2_000;

/** Delivers events to whoever listens right now; nothing is stored, a failing subscriber harms nobody else. */
export function createFanOut(options: FanOutOptions): FanOut {
  const { transport, processId, log } = options;
  const subscriptions = new Set<Subscription>();
  // A transport that changes over to its fallback may send one message on both ways.
  const seen = new Set<string>();

  function deliver(event: EventEnvelope): void {
    for (const { pattern, onEvent } of subscriptions) {
      if (!pattern.matches(event.name)) continue;
      const failed = (error: unknown) => log.error({ err: error, event: event.name }, 'a subscriber failed');
      try {
        const result = onEvent(event);
        if (result instanceof Promise) result.catch(failed);
      } catch (error) {
        failed(error);
      }
    }
  }

  function isRepeated(id: string): boolean {
    if (seen.has(id)) return true;
    seen.add(id);
    if (seen.size > remembered) {
      const oldest = seen.values().next();
      if (!oldest.done) seen.delete(oldest.value);
    }
    return false;
  }

  function receive(text: string): void {
    let message: Message;
    try {
      message = JSON.parse(text);
    } catch (error) {
      log.warn({ err: error }, 'a message between processes is not readable');
      return;
    }
    if (message.from === processId || isRepeated(message.event.id)) return;
    deliver(message.event);
    if (message.durable) options.onDurable(message.event.name);
  }

  return {
    subscribe(pattern, onEvent) {
      const subscription = { pattern, onEvent };
      subscriptions.add(subscription);
      return { [Symbol.dispose]: () => void subscriptions.delete(subscription) };
    },
    spread(event, durable) {
      deliver(event);
      if (durable) options.onDurable(event.name);
      const message: Message = { from: processId, durable, event };
      transport.send(JSON.stringify(message));
    },
    start: () => transport.start(receive, options.onGap),
  };
}
