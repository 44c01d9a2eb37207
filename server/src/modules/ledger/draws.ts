import { fault } from '#base/fault.ts';
import { balanceTokensOf, costOf, type ModelPrice } from '#base/pricing.ts';
import type { Transaction } from '#kernel/database/database.ts';
import { type DrawnRow, drawOn, shrinkReservation } from './draw-store.ts';
import { fingerprintOf } from './fingerprint.ts';
import { lockReservation } from './reservations.ts';
import { returnHeld } from './returns.ts';
import type { SettlementDeps } from './settlements.ts';

export interface DrawnUse {
  readonly requestId: string;
  readonly model: string;
  readonly endpoint: string;
  readonly promptTokens: number;
  readonly cachedPromptTokens: number;
  readonly completionTokens: number;
  readonly price: ModelPrice;
}

export interface DrawRequest {
  readonly reservationId: string;
  readonly uses: readonly DrawnUse[];
  readonly close: boolean;
  /** What is put aside beyond so much is returned. */
  readonly keepTokens?: number | undefined;
  /** What is still put aside lives so much longer from now. */
  readonly lifetimeMs?: number | undefined;
  readonly traceId: string;
}

export interface Drawn {
  readonly chargedTokens: number;
  readonly uncoveredTokens: number;
  readonly returnedTokens: number;
}

export interface Draws {
  /** @throws ledger.reservation_unknown, ledger.reservation_closed, common.invalid_params */
  draw(request: DrawRequest): Promise<Drawn>;
}

/**
 * Charges many requests in one transaction to a reservation that was made ahead for them: books, usage rows and
 * budgets together, each request id once. Measured, reserving and settling each request by itself costs a durable
 * commit and about twenty statements twice; a batch costs one commit and one statement.
 */
export function createDraws({ database, publish, budgets, now, currency }: SettlementDeps): Draws {
  async function drawOnce(transaction: Transaction, request: DrawRequest): Promise<Drawn> {
    const atMs = now();
    const { reservationId, close, lifetimeMs } = request;
    const drawn = await drawOn(transaction, {
      reservationId,
      close,
      rows: request.uses.map((use) => ({
        ...use,
        chargedTokens: balanceTokensOf(use.promptTokens + use.completionTokens, use.price),
        cost: costOf(use, use.price),
      })),
      keepUntilMs: lifetimeMs === undefined ? null : atMs + lifetimeMs,
      currency,
      atMs,
    });
    if (drawn === undefined) throw fault('ledger.reservation_unknown');
    if ('closed' in drawn) throw fault('ledger.reservation_closed', { status: drawn.closed });
    await announce(transaction, drawn, request.traceId);
    const spare = close ? 0n : await returnSpare(transaction, request);
    return {
      chargedTokens: Number(drawn.chargedTokens),
      uncoveredTokens: Number(drawn.uncoveredTokens),
      returnedTokens: Number(drawn.returnedTokens + spare),
    };
  }

  /** Told by what is to stay, so that a repetition returns nothing more. */
  async function returnSpare(
    transaction: Transaction,
    { reservationId, keepTokens }: DrawRequest,
  ): Promise<bigint> {
    if (keepTokens === undefined) return 0n;
    const { reservation, accounts } = await lockReservation(transaction, reservationId);
    const { tokens } = reservation;
    const spare = tokens - BigInt(keepTokens);
    if (reservation.status !== 'held' || spare <= 0n) return 0n;
    await returnHeld(transaction, {
      reservation,
      accounts,
      tokens: spare,
      kind: 'release',
      key: `spare:${reservationId}:${tokens}`,
      fingerprint: fingerprintOf(keepTokens),
      atMs: now(),
    });
    await shrinkReservation(transaction, { reservationId, byTokens: spare });
    return spare;
  }

  async function announce(transaction: Transaction, drawn: DrawnRow, traceId: string): Promise<void> {
    const { userId, apiKeyId, createdAtMs, lastRequestId: requestId } = drawn;
    if (requestId === null) return;
    if (drawn.hasBudgets) {
      const applying = await budgets.applying(transaction, { userId, apiKeyId, atMs: createdAtMs });
      await budgets.announceCrossings(transaction, { userId, budgets: applying, traceId });
    }
    await publish(
      'ledger.drawn',
      {
        userId,
        requests: drawn.requests,
        chargedTokens: Number(drawn.chargedTokens),
        balanceAfter: Number(drawn.balanceAfter),
      },
      { transaction, traceId },
    );
    if (drawn.uncoveredTokens === 0n) return;
    const uncoveredTokens = Number(drawn.uncoveredTokens);
    await publish('ledger.uncovered', { userId, requestId, uncoveredTokens }, { transaction, traceId });
  }

  return {
    async draw(request) {
      if (request.uses.some((use) => use.cachedPromptTokens > use.promptTokens)) {
        throw fault('common.invalid_params', {
          field: 'cachedPromptTokens',
          reason: 'more than promptTokens, which include them',
        });
      }
      return database.transaction((transaction) => drawOnce(transaction, request));
    },
  };
}
