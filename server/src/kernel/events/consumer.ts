import type { Logger } from 'pino';
import type { Database, Transaction } from '../database/database.ts';
import type { EventEnvelope } from '../module.ts';
import { redactText } from '../telemetry/log.ts';
import { putLetter, removeLetter, takeRequested } from './dead-letters.ts';
import {
  type Cursor,
  consumersBehind,
  lockCursor,
  readHorizon,
  readWindow,
  registerConsumer,
  type StoredEvent,
  saveCursor,
} from './event-store.ts';
import type { Gate } from './gate.ts';
import type { EventPattern } from './pattern.ts';

export interface ConsumerLimits {
  /** Tries of one event before it becomes a dead letter. */
  readonly maxAttempts: number;
  /** Wait before the second try; doubles with each further one up to five minutes. */
  readonly firstRetryMs: number;
  /** Events and milliseconds after which a batch commits. */
  readonly batchEvents: number;
  readonly batchMs: number;
}

export const defaultConsumerLimits: ConsumerLimits = {
  maxAttempts: 10,
  firstRetryMs: 500,
  batchEvents: 100,
  batchMs: 200,
};

export interface ConsumerOptions {
  readonly name: string;
  readonly pattern: EventPattern;
  readonly onEvent: (event: EventEnvelope, transaction: Transaction) => Promise<void>;
  readonly database: Database;
  readonly now: () => number;
  readonly log: Logger;
  readonly limits: ConsumerLimits;
  /** Bounds how many consumers of the process hold a connection at once. */
  readonly gate: Gate;
  /** Announces a dead letter, in the transaction that makes it one. */
  readonly onDeadLetter: (
    letter: { consumer: string; event: EventEnvelope; attempts: number },
    transaction: Transaction,
  ) => Promise<void>;
}

export interface Consumer extends AsyncDisposable {
  readonly name: string;
  readonly pattern: EventPattern;
  /** Looks for events now; cheap when already looking. */
  poke(): void;
}

const longestRetryMs = 300_000;
const longestHorizonWaitMs = 1_000;
const longestOutageWaitMs = 30_000;

/**
 * Reads durable events in order and hands each to `onEvent`, at least once. The cursor's row lock lets one
 * process at a time work; the cursor moves in the handler's own transaction, so what a handler writes through
 * it happens exactly once. A throwing handler is retried; after the last try the event becomes a dead letter.
 */
export function createConsumer(options: ConsumerOptions): Consumer {
  const { name, pattern, database, now, log } = options;
  let wanted = true;
  let stopped = false;
  let running: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let registered = false;
  let horizonWaitMs = 20;
  let outageWaitMs = 500;

  function poke(): void {
    wanted = true;
    if (stopped || running !== undefined) return;
    clearTimeout(timer);
    running = work().finally(() => {
      running = undefined;
      if (wanted && !stopped) poke();
    });
  }

  function pokeIn(delayMs: number): void {
    clearTimeout(timer);
    if (!stopped) timer = setTimeout(poke, delayMs).unref();
  }

  async function work(): Promise<void> {
    try {
      if (!registered) await registerConsumer(database, { name, nowMs: now() });
      registered = true;
      while (wanted && !stopped) {
        wanted = false;
        let more = true;
        while (more && !stopped) {
          more = await options.gate.run(() => database.transaction((transaction) => batch(transaction)));
        }
      }
      outageWaitMs = 500;
      if (!stopped) await lookAgain();
    } catch (error) {
      wanted = false;
      if (stopped) return;
      log.warn({ err: error, consumer: name }, 'events cannot be read; trying again');
      pokeIn(outageWaitMs);
      outageWaitMs = Math.min(outageWaitMs * 2, longestOutageWaitMs);
    }
  }

  /** Events of a transaction that began after a still running one become readable when that one ends. */
  async function lookAgain(): Promise<void> {
    const behind = await consumersBehind(database, { names: [name], nowMs: now() });
    if (behind.length === 0) {
      horizonWaitMs = 20;
      return;
    }
    pokeIn(horizonWaitMs);
    horizonWaitMs = Math.min(horizonWaitMs * 2, longestHorizonWaitMs);
  }

  /** One batch; true when there may be more to read at once. */
  async function batch(transaction: Transaction): Promise<boolean> {
    let cursor = await lockCursor(transaction, { name, nowMs: now() });
    if (cursor === undefined) return false;
    if (await retryLetter(transaction)) return true;
    const limit = options.limits.batchEvents;
    let events = await readWindow(transaction, { cursor, pattern, limit });
    if (events.length === 0) {
      const horizon = await readHorizon(transaction);
      if (BigInt(horizon) <= BigInt(cursor.windowEnd)) return false;
      cursor = { windowStart: cursor.windowEnd, windowEnd: horizon, sequence: 0n, attempts: 0 };
      events = await readWindow(transaction, { cursor, pattern, limit });
    }
    const done = await handle(events, cursor, transaction);
    await saveCursor(transaction, { name, cursor: done.cursor, retryAtMs: done.retryAtMs, nowMs: now() });
    return done.retryAtMs === null && events.length > 0;
  }

  /** Runs one dead letter that somebody asked for; true when there was one. */
  async function retryLetter(transaction: Transaction): Promise<boolean> {
    const letter = await takeRequested(transaction, name);
    if (letter === undefined) return false;
    const error = await attempt(letter.event, transaction);
    if (error === undefined) {
      await removeLetter(transaction, { consumer: name, eventId: letter.event.id });
    } else await bury({ event: letter.event, attempts: letter.attempts + 1, error }, transaction);
    return true;
  }

  async function handle(
    events: readonly StoredEvent[],
    start: Cursor,
    transaction: Transaction,
  ): Promise<{ cursor: Cursor; retryAtMs: number | null }> {
    let cursor = start;
    const untilMs = performance.now() + options.limits.batchMs;
    for (const event of events) {
      if (stopped || performance.now() > untilMs) break;
      const attempts = cursor.attempts + 1;
      const error = await attempt(event.envelope, transaction);
      if (error !== undefined && attempts < options.limits.maxAttempts) {
        const retryMs = Math.min(options.limits.firstRetryMs * 2 ** (attempts - 1), longestRetryMs);
        log.warn(
          { err: error, consumer: name, event: event.envelope.name, id: event.envelope.id, attempts },
          'event retried',
        );
        return { cursor: { ...cursor, attempts }, retryAtMs: now() + retryMs };
      }
      if (error !== undefined) await bury({ event: event.envelope, attempts, error }, transaction);
      cursor = { ...cursor, sequence: event.sequence, attempts: 0 };
    }
    return { cursor, retryAtMs: null };
  }

  /** Runs the handler under a savepoint, so that a failure undoes this event alone. Returns what it threw. */
  async function attempt(envelope: EventEnvelope, transaction: Transaction): Promise<unknown> {
    await transaction.execute({ text: 'savepoint one_event' });
    try {
      await options.onEvent(envelope, transaction);
      await transaction.execute({ text: 'release savepoint one_event' });
      return undefined;
    } catch (error) {
      await transaction.execute({ text: 'rollback to savepoint one_event' });
      return error ?? new Error('the handler threw nothing');
    }
  }

  async function bury(
    failure: { event: EventEnvelope; attempts: number; error: unknown },
    transaction: Transaction,
  ): Promise<void> {
    const { event, attempts, error } = failure;
    log.error({ err: error, consumer: name, event: event.name, id: event.id, attempts }, 'event given up');
    const text = redactText(error instanceof Error ? error.message : String(error)).slice(0, 2_000);
    await putLetter(transaction, { consumer: name, event, attempts, error: text, nowMs: now() });
    await options.onDeadLetter({ consumer: name, event, attempts }, transaction);
  }

  return {
    name,
    pattern,
    poke,
    async [Symbol.asyncDispose]() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
