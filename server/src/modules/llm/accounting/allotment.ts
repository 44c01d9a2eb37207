import type { ParamsOf } from '#base/contract.ts';
import { isFault } from '#base/fault.ts';
import type { ledgerContract } from '#modules/ledger/contract.ts';
import type { HoldRequest } from './accounting.ts';
import type { Meter } from './meter.ts';
import type { PurseDeps } from './purses.ts';

type Use = ParamsOf<typeof ledgerContract, 'ledger.draw'>['uses'][number];

/** What a request has used, as the ledger takes it. */
export function useOf({ requestId, model, endpoint, price }: HoldRequest, meter: Readonly<Meter>): Use {
  const { promptTokens, cachedPromptTokens, completionTokens } = meter;
  return { requestId, model, endpoint, promptTokens, cachedPromptTokens, completionTokens, price };
}

/** Tokens of one reservation that requests take from, and what they have used of it. */
export interface Allotment {
  readonly currency: string;
  /** Tokens that can be taken now. */
  readonly left: number;
  /** True when the tokens were there; they are then the caller's until `charge` or `giveBack`. */
  take(tokens: number): boolean;
  giveBack(tokens: number): void;
  /** Notes a use, which goes to the ledger with the next batch. */
  charge(use: Use, amount: { readonly taken: number; readonly charged: number }): void;
  /**
   * Gives back what nothing runs on: all of it where nothing does. Undefined where there is nothing to give, else when
   * the ledger has it, or could not be told.
   */
  giveSpare(): Promise<void> | undefined;
  retireIfIdle(): void;
  /** Keeps the reservation alive while requests run on it: to be called every few seconds at most. */
  renew(): void;
  /** Gives the rest back now, with what was noted so far. */
  end(): Promise<void>;
  /** Resolves when the ledger has been asked to take everything and close, also where it could not. */
  readonly tried: Promise<void>;
  /** Resolves when the ledger has taken everything. */
  readonly closed: Promise<void>;
}

const batchSize = 500;
/** So much later at most is a use durable; a kill in between does not bill it. */
const gatherMs = 10;
/** Waits between tries of a ledger that does not answer; the last one repeats. */
export const usualRetryMs: readonly number[] = [100, 500, 2_000, 5_000, 15_000];

/** @see createPurses */
export function createAllotment(
  deps: Omit<PurseDeps, 'newId'> & {
    readonly reservationId: string;
    readonly tokens: number;
    readonly currency: string;
    readonly usableUntilMs: number;
    readonly onClosed: () => void;
  },
): Allotment {
  const { ledger, systemCall, now, log, reservationId, lifetimeMs, retryMs = usualRetryMs } = deps;
  let left = deps.tokens;
  let running = 0;
  let retired = false;
  let lastUsedMs = now();
  /** Tokens of the requests that run. */
  let taken = 0;
  let pending: { readonly use: Use; readonly charged: number }[] = [];
  let sparing: PromiseWithResolvers<void> | undefined;
  let flushing: Promise<void> | undefined;
  let failures = 0;
  let ending = false;
  let renewing = false;
  let atOnce = batchSize;
  /** What is not charged by then is given up: the outage has lasted longer than the reservation. */
  let expiresAtMs = now() + lifetimeMs;
  const { promise: closed, resolve: resolveClosed } = Promise.withResolvers<void>();
  const { promise: tried, resolve: resolveTried } = Promise.withResolvers<void>();
  let isClosed = false;

  async function flush(): Promise<void> {
    // What is charged in the same turn of the event loop goes in one batch.
    await new Promise((resolve) => setImmediate(resolve));
    while (
      pending.length > 0 ||
      renewing ||
      sparing !== undefined ||
      (retired && running === 0 && !isClosed)
    ) {
      // A transaction costs the same for one use and for fifty: while more are running, their ends are waited for.
      if (running > 0 && !retired && !renewing && sparing === undefined)
        await new Promise((resolve) => setTimeout(resolve, gatherMs));
      const batch = pending.slice(0, atOnce);
      pending = pending.slice(atOnce);
      const spared = sparing;
      const close = retired && running === 0 && pending.length === 0;
      try {
        const askedAtMs = now();
        const uses = batch.map(({ use }) => use);
        const draw = { reservationId, uses, close, ...(close ? {} : { lifetimeMs, ...spareOf(spared) }) };
        await ledger.call('ledger.draw', draw, systemCall());
        failures = 0;
        renewing = false;
        endSparing(spared);
        expiresAtMs = askedAtMs + lifetimeMs;
        if (close) return finish();
      } catch (error) {
        if (isFault(error, 'ledger.reservation_closed')) return finish();
        pending = [...batch, ...pending];
        resolveTried();
        endSparing(spared);
        if (isFault(error, 'common.invalid_params') && setAside(error)) continue;
        const waitMs = retryMs[Math.min(failures, retryMs.length - 1)];
        failures += 1;
        log.warn({ err: error, reservationId, uses: batch.length }, 'uses of models can’t be charged yet');
        // A process that stops must not wait for the whole of an outage.
        if (failures > retryMs.length && (ending || now() >= expiresAtMs)) {
          log.error({ reservationId, uses: pending }, 'uses of models were not charged');
          return finish();
        }
        await new Promise((resolve) => setTimeout(resolve, waitMs));
      }
    }
    atOnce = batchSize;
  }

  /** What has to stay put aside: for the requests that run, for uses that are not told yet, and what is free again. */
  function spareOf(spared: unknown): { readonly keepTokens?: number } {
    if (spared === undefined) return {};
    const untold = pending.reduce((sum, { charged }) => sum + charged, 0);
    return { keepTokens: Math.max(0, taken + untold + left) };
  }

  function endSparing(spared: PromiseWithResolvers<void> | undefined): void {
    spared?.resolve();
    if (sparing === spared) sparing = undefined;
  }

  /** One use that the ledger refuses for what it is must not keep those beside it from being charged. */
  function setAside(error: unknown): boolean {
    if (pending.length === 0) return false;
    if (atOnce > 1) atOnce = 1;
    else log.error({ err: error, reservationId, use: pending.shift() }, 'a use of a model was not charged');
    return true;
  }

  function finish(): void {
    isClosed = true;
    renewing = false;
    endSparing(sparing);
    deps.onClosed();
    resolveClosed();
    resolveTried();
  }

  function start(): void {
    flushing ??= flush().finally(() => {
      flushing = undefined;
      if (!isClosed && (pending.length > 0 || sparing !== undefined || (retired && running === 0))) start();
    });
  }

  function ended(): void {
    running -= 1;
    lastUsedMs = now();
    if (deps.idleMs === 0 && running === 0) retired = true;
    if (retired && running === 0) start();
  }

  return {
    currency: deps.currency,
    closed,
    tried,
    get left() {
      return retired ? 0 : left;
    },
    take(tokens) {
      if (retired || left < tokens || now() >= deps.usableUntilMs) return false;
      left -= tokens;
      taken += tokens;
      running += 1;
      return true;
    },
    giveBack(tokens) {
      left += tokens;
      taken -= tokens;
      ended();
    },
    charge(use, amount) {
      left += amount.taken - amount.charged;
      taken -= amount.taken;
      pending.push({ use, charged: amount.charged });
      ended();
      start();
    },
    giveSpare() {
      if (running === 0) {
        retired = true;
        start();
        return closed;
      }
      if (left <= 0) return undefined;
      left = 0;
      sparing ??= Promise.withResolvers();
      const { promise } = sparing;
      start();
      return promise;
    },
    retireIfIdle() {
      if (retired || running > 0) return;
      if (now() < deps.usableUntilMs && now() - lastUsedMs < deps.idleMs) return;
      retired = true;
      start();
    },
    renew() {
      if (isClosed || running === 0 || now() < expiresAtMs - lifetimeMs / 2) return;
      renewing = true;
      start();
    },
    async end() {
      retired = true;
      ending = true;
      if (running > 0) {
        // Requests are being ended with the process; what they have used by now is charged.
        while (pending.length > 0 || flushing !== undefined) {
          start();
          await flushing;
        }
        return;
      }
      start();
      await closed;
    },
  };
}
