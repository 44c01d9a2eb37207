import { setTimeout as sleep } from 'node:timers/promises';
import { fault, isFault } from '#base/fault.ts';
import { type Accounting, billOf, type Hold, type HoldRequest } from './accounting.ts';
import { type Allotment, createAllotment, useOf, usualRetryMs } from './allotment.ts';
import type { PurseDeps } from './purses.ts';

const sweepMs = 1_000;

/**
 * Reserve, run, charge for one request by itself: for requests whose id the client named, since the ledger then tells
 * a repetition, also one by another process. The charge goes the way of all others: it is kept and tried again while
 * the ledger is away. The answer waits for its first try, so that what is told is durable wherever that can be.
 */
export function createSingleHolds(deps: Omit<PurseDeps, 'idleMs' | 'newId'>): Accounting & AsyncDisposable {
  const { ledger, systemCall, lifetimeMs, log, now, retryMs = usualRetryMs } = deps;
  const open = new Set<Allotment>();
  const timer = setInterval(() => {
    for (const allotment of open) allotment.renew();
  }, sweepMs).unref();
  const stopping = new AbortController();
  const releasing = new Set<Promise<void>>();

  async function reserve(request: HoldRequest) {
    const { user, requestId, model, endpoint, price, promptTokens, maxCompletionTokens } = request;
    const { credential } = user;
    const reservation = await ledger.call(
      'ledger.reserve',
      {
        requestId,
        userId: user.userId,
        apiKeyId: credential.kind === 'apiKey' ? credential.apiKeyId : null,
        model,
        endpoint,
        promptTokens,
        maxCompletionTokens,
        price,
        lifetimeMs,
      },
      systemCall(),
    );
    if (reservation.replayed) throw fault('llm.request_repeated', { key: requestId });
    return reservation;
  }

  /** Released, not charged with nothing: the client may ask again under the same id. */
  async function released(reservationId: string): Promise<boolean> {
    try {
      await ledger.call('ledger.release', { reservationId }, systemCall());
      return true;
    } catch (error) {
      if (isFault(error, 'ledger.reservation_closed')) return true;
      log.warn({ err: error, reservationId }, 'a reservation can’t be released yet');
      return false;
    }
  }

  async function releaseLater(reservationId: string): Promise<void> {
    const untilMs = now() + lifetimeMs;
    for (let failures = 1; now() < untilMs; failures += 1) {
      const waitMs = retryMs[Math.min(failures, retryMs.length) - 1];
      await sleep(waitMs, undefined, { signal: stopping.signal, ref: false }).catch(() => undefined);
      if ((await released(reservationId)) || stopping.signal.aborted) return;
    }
  }

  return {
    async hold(request): Promise<Hold> {
      const { reservationId, tokens, currency } = await reserve(request);
      const allotment = createAllotment({
        ...deps,
        idleMs: 0,
        reservationId,
        tokens,
        currency,
        usableUntilMs: Number.POSITIVE_INFINITY,
        onClosed: () => void open.delete(allotment),
      });
      open.add(allotment);
      allotment.take(tokens);
      return {
        async settle(meter) {
          const bill = billOf(request, meter, currency);
          allotment.charge(useOf(request, meter), { taken: tokens, charged: bill.chargedTokens });
          await allotment.tried;
          return bill;
        },
        async release() {
          open.delete(allotment);
          if (await released(reservationId)) return;
          // The client is told why its request failed, not that the release did.
          const later = releaseLater(reservationId).finally(() => releasing.delete(later));
          releasing.add(later);
        },
      };
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      stopping.abort();
      await Promise.all([...releasing, ...[...open].map((allotment) => allotment.end())]);
    },
  };
}
