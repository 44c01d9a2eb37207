import type { Logger } from 'pino';
import type { Contract, EventDefinition } from '#base/contract.ts';
import { newId } from '#base/ids.ts';
import { systemEvents } from '#base/system-events.ts';
import type { Database, Transaction } from '../database/database.ts';
import type { EventEnvelope, Events, Publish } from '../module.ts';
import { type Consumer, type ConsumerLimits, createConsumer, defaultConsumerLimits } from './consumer.ts';
import { consumersBehind, insertEvent } from './event-store.ts';
import { createFanOut } from './fan-out.ts';
import { createGate } from './gate.ts';
import { parsePattern } from './pattern.ts';
import { rebaseRestoredEvents, removeOldEvents } from './retention.ts';
import type { EventTransport } from './transport.ts';

/** Events of one process: what its modules announce, and what they hear from every process. */
export interface EventBus extends AsyncDisposable {
  /** How a module announces its own events; payloads that do not fit the contract are refused. */
  publisher<C extends Contract>(contract: C): Publish<C>;
  readonly events: Events;
  /** Resolves when events of other processes arrive too. Rejects when the database cannot be read. */
  readonly ready: Promise<void>;
}

export interface EventBusOptions {
  readonly database: Database;
  readonly transport: EventTransport;
  readonly now: () => number;
  readonly log: Logger;
  /** Distinguishes this process from every other one of the installation. */
  readonly processId: string;
  readonly limits?: Partial<ConsumerLimits>;
  /** How often consumers look for events that nobody told them of. */
  readonly pollMs?: number;
  readonly keepMs?: number;
}

const dayMs = 24 * 3_600_000;
const cleanUpEveryMs = 3_600_000;
/** Half of the pool's smallest size or less, so that handlers still find a connection. */
const consumersAtOnce = 2;

/** The bus. Consumers and subscribers run from the moment they are registered until it is disposed. */
export function createEventBus(options: EventBusOptions): EventBus {
  const { database, transport, now, log, processId } = options;
  const limits = { ...defaultConsumerLimits, ...options.limits };
  const gate = createGate(consumersAtOnce);
  const consumers = new Map<string, Consumer>();
  const closing = new Set<Promise<void>>();
  let disposed = false;

  function pokeMatching(name: string): void {
    for (const consumer of consumers.values()) if (consumer.pattern.matches(name)) consumer.poke();
  }

  const fanOut = createFanOut({
    transport,
    processId,
    log,
    onDurable: pokeMatching,
    onGap: () => {
      for (const consumer of consumers.values()) consumer.poke();
    },
  });

  async function announce(
    definition: EventDefinition,
    event: Omit<EventEnvelope, 'id' | 'occurredAtMs'>,
    transaction: Transaction | undefined,
  ): Promise<void> {
    const payloadJson = JSON.stringify(event.payload);
    const occurredAtMs = now();
    // Read back from its JSON, so that subscribers in this process see what those elsewhere see.
    const envelope: EventEnvelope = {
      ...event,
      id: newId(occurredAtMs),
      occurredAtMs,
      payload: JSON.parse(payloadJson),
    };
    if (definition.durable) await insertEvent(transaction ?? database, { ...envelope, payloadJson });
    const spread = () => fanOut.spread(envelope, definition.durable);
    if (transaction === undefined) spread();
    else transaction.afterCommit(spread);
  }

  function publisher<C extends Contract>(contract: C): Publish<C> {
    return async (name, payload, publishOptions = {}) => {
      const definition = contract.events[name];
      if (definition === undefined) throw new Error(`${contract.name} announces no event ${name}`);
      const event = {
        name,
        payload: definition.payload.parse(payload),
        traceId: publishOptions.traceId ?? null,
        actorId: publishOptions.actorId ?? null,
      };
      await announce(definition, event, publishOptions.transaction);
    };
  }

  const events: Events = {
    subscribe: (pattern, onEvent) => fanOut.subscribe(parsePattern(pattern), onEvent),
    consume(name, pattern, onEvent) {
      if (consumers.has(name)) throw new Error(`two consumers are named ${name}`);
      const consumer = createConsumer({
        name,
        pattern: parsePattern(pattern),
        onEvent,
        database,
        now,
        log,
        limits,
        gate,
        onDeadLetter: ({ event, attempts }, transaction) =>
          announce(
            systemEvents['system.error'],
            {
              name: 'system.error',
              traceId: event.traceId,
              actorId: null,
              payload: {
                source: 'events',
                code: 'dead_letter',
                data: { consumer: name, event: event.name, eventId: event.id, attempts },
              },
            },
            transaction,
          ),
      });
      consumers.set(name, consumer);
      consumer.poke();
      return {
        [Symbol.dispose]() {
          consumers.delete(name);
          const closed = Promise.resolve(consumer[Symbol.asyncDispose]()).finally(() =>
            closing.delete(closed),
          );
          closing.add(closed);
        },
      };
    },
  };

  /** Finds what was announced by a process that died before it could tell, and what waits for a retry. */
  async function poll(): Promise<void> {
    if (consumers.size === 0) return;
    const names = await consumersBehind(database, { names: [...consumers.keys()], nowMs: now() });
    for (const name of names) consumers.get(name)?.poke();
  }

  async function cleanUp(): Promise<void> {
    const keepMs = options.keepMs ?? 7 * dayMs;
    const removed = await removeOldEvents({ database, nowMs: now(), keepMs, giveUpMs: 90 * dayMs });
    if (removed > 0) log.info({ removed }, 'old events removed');
  }

  const inBackground = (work: () => Promise<void>, what: string) => () => {
    void work().catch((error: unknown) => {
      if (!disposed) log.warn({ err: error }, what);
    });
  };
  const pollTimer = setInterval(
    inBackground(poll, 'events cannot be polled'),
    options.pollMs ?? 5_000,
  ).unref();
  const cleanUpTimer = setInterval(
    inBackground(cleanUp, 'old events cannot be removed'),
    cleanUpEveryMs,
  ).unref();

  const ready = (async () => {
    if (await rebaseRestoredEvents(database)) log.info('events of a restored database are readable again');
    await fanOut.start();
  })();
  // Whoever starts the process awaits `ready`; a rejection must not count as unhandled before.
  ready.catch(() => undefined);

  return {
    publisher,
    events,
    ready,
    async [Symbol.asyncDispose]() {
      disposed = true;
      clearInterval(pollTimer);
      clearInterval(cleanUpTimer);
      await Promise.all([...consumers.values()].map((consumer) => consumer[Symbol.asyncDispose]()));
      await Promise.all(closing);
      await ready.catch(() => undefined);
      await transport[Symbol.asyncDispose]();
    },
  };
}
