import type { Logger } from 'pino';
import type { Call, Client } from '#base/contract.ts';
import { isFault } from '#base/fault.ts';
import { balanceTokensOf } from '#base/pricing.ts';
import type { ledgerContract } from '#modules/ledger/contract.ts';
import { type Accounting, billOf, type Hold, type HoldRequest } from './accounting.ts';
import { type Allotment, createAllotment, useOf } from './allotment.ts';

export interface LedgerAccess {
  readonly ledger: Client<typeof ledgerContract>;
  /** A call on the platform's own behalf: what was used is charged also when the client has left. */
  readonly systemCall: () => Call;
  /** After so long an unsettled reservation is released by itself. */
  readonly lifetimeMs: number;
  readonly log: Logger;
}

export interface PurseDeps extends LedgerAccess {
  readonly now: () => number;
  readonly newId: () => string;
  /** An allotment that nobody has used for so long is given back; 0: as soon as nothing runs on it. */
  readonly idleMs: number;
  /** Waits between tries of a ledger that does not answer. */
  readonly retryMs?: readonly number[];
}

/** One user's, or one API key's, tokens that are put aside ahead. */
interface Purse {
  readonly userId: string;
  readonly apiKeyId: string | null;
  readonly allotments: Set<Allotment>;
  /** How many requests of the last size the next allotment is made for. */
  growth: number;
  refilledAtMs: number;
  filling: Promise<unknown>;
  /** The next allotment is under way before it is needed. */
  ahead: Promise<unknown> | undefined;
}

const mostAhead = 1_024;
const busyMs = 5_000;

/**
 * Puts tokens aside ahead of requests, and charges them in batches. The ledger decides about every token before it is
 * used: a request runs on tokens that a reservation holds, so that balance and budgets can't be overspent. A quiet
 * user's request reserves just itself; whoever sends many in a row has more put aside each time, up to 1,024 requests'
 * worth, which come back when the user pauses. A process that dies leaves reservations that expire, and bills at most
 * those requests not, whose batch was on its way: nobody pays twice.
 */
export function createPurses(deps: PurseDeps): Accounting & AsyncDisposable {
  const { ledger, systemCall, now, log } = deps;
  const purses = new Map<string, Purse>();

  function purseOf({ user }: HoldRequest): Purse {
    const apiKeyId = user.credential.kind === 'apiKey' ? user.credential.apiKeyId : null;
    const key = `${user.userId} ${apiKeyId ?? ''}`;
    let purse = purses.get(key);
    if (purse === undefined) {
      const { userId } = user;
      purse = {
        userId,
        apiKeyId,
        allotments: new Set(),
        growth: 1,
        refilledAtMs: 0,
        filling: Promise.resolve(),
        ahead: undefined,
      };
      purses.set(key, purse);
    }
    return purse;
  }

  async function reserve(purse: Purse, tokens: number): Promise<Allotment> {
    const reservation = await ledger.call(
      'ledger.reserve',
      {
        requestId: `purse:${deps.newId()}`,
        userId: purse.userId,
        apiKeyId: purse.apiKeyId,
        model: 'several',
        endpoint: 'several',
        promptTokens: tokens,
        maxCompletionTokens: 0,
        lifetimeMs: deps.lifetimeMs,
      },
      systemCall(),
    );
    const allotment = createAllotment({
      ...deps,
      reservationId: reservation.reservationId,
      tokens: reservation.tokens,
      currency: reservation.currency,
      // Long before it expires: what runs on it then must end in time.
      usableUntilMs: now() + deps.lifetimeMs / 2,
      onClosed: () => void purse.allotments.delete(allotment),
    });
    purse.allotments.add(allotment);
    return allotment;
  }

  /** A larger allotment when the user is busy; just what is needed when balance or budget hold no more. */
  async function refill(purse: Purse, needed: number): Promise<Allotment> {
    const nowMs = now();
    purse.growth = nowMs - purse.refilledAtMs < busyMs ? Math.min(purse.growth * 2, mostAhead) : 1;
    purse.refilledAtMs = nowMs;
    const wanted = Math.min(needed * purse.growth, 100_000_000);
    if (wanted > needed) {
      try {
        return await reserve(purse, wanted);
      } catch (error) {
        if (!isRefusal(error)) throw error;
        purse.growth = 1;
      }
    }
    try {
      return await reserve(purse, needed);
    } catch (error) {
      // What lies idle in the user's purses, also beside requests that run, may be what is missing.
      if (!isRefusal(error) || !(await returnIdle(purse.userId))) throw error;
      return reserve(purse, needed);
    }
  }

  async function returnIdle(userId: string): Promise<boolean> {
    const ofUser = [...purses.values()].filter((purse) => purse.userId === userId);
    const given = ofUser
      .flatMap(({ allotments }) => [...allotments])
      .map((allotment) => allotment.giveSpare())
      .filter((giving) => giving !== undefined);
    await Promise.all(given);
    return given.length > 0;
  }

  function usable(purse: Purse, needed: number): Allotment | undefined {
    for (const allotment of purse.allotments) if (allotment.take(needed)) return allotment;
    return undefined;
  }

  async function take(purse: Purse, needed: number): Promise<Allotment> {
    const at = usable(purse, needed);
    if (at !== undefined) {
      fillAhead(purse, needed);
      return at;
    }
    // One refill after the other: those who wait find what the one before them has brought.
    const turn = purse.filling.then(async () => {
      const found = usable(purse, needed);
      if (found !== undefined) return found;
      const made = await refill(purse, needed);
      if (!made.take(needed)) throw new Error('an allotment holds less than it was made for');
      return made;
    });
    purse.filling = turn.catch(() => undefined);
    return turn;
  }

  /** While a busy user still has half of what is put aside, the next is put aside: nobody waits for it. */
  function fillAhead(purse: Purse, needed: number): void {
    if (purse.ahead !== undefined || purse.growth < 8) return;
    let left = 0;
    for (const allotment of purse.allotments) left += allotment.left;
    if (left > (needed * purse.growth) / 2) return;
    // A refusal is told to the request that finds nothing, if one does.
    purse.ahead = refill(purse, needed)
      .catch(() => undefined)
      .finally(() => {
        purse.ahead = undefined;
      });
  }

  const sweep = () => {
    for (const [key, purse] of purses) {
      for (const allotment of purse.allotments) {
        allotment.retireIfIdle();
        allotment.renew();
      }
      if (purse.allotments.size === 0 && now() - purse.refilledAtMs > busyMs) purses.delete(key);
    }
  };
  const timer = setInterval(sweep, 500).unref();

  return {
    async hold(request): Promise<Hold> {
      const needed = Number(
        balanceTokensOf(request.promptTokens + request.maxCompletionTokens, request.price),
      );
      const allotment = await take(purseOf(request), needed);
      return {
        async settle(meter) {
          const bill = billOf(request, meter, allotment.currency);
          allotment.charge(useOf(request, meter), { taken: needed, charged: bill.chargedTokens });
          return bill;
        },
        release: async () => allotment.giveBack(needed),
      };
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      // What is still being put aside must come back too.
      await Promise.all([...purses.values()].flatMap(({ filling, ahead }) => [filling, ahead]));
      const all = [...purses.values()].flatMap(({ allotments }) => [...allotments]);
      await Promise.all(all.map((allotment) => allotment.end())).catch((error: unknown) => {
        log.warn({ err: error }, 'reservations can’t be given back and will expire');
      });
    },
  };
}

function isRefusal(error: unknown): boolean {
  return isFault(error, 'ledger.insufficient_balance') || isFault(error, 'ledger.budget_exceeded');
}
