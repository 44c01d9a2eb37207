import { fault } from '#base/fault.ts';
import { balanceTokensOf, costOf, type ModelPrice } from '#base/pricing.ts';
import type { Transaction } from '#kernel/database/database.ts';
import { settleUse } from './budget-store.ts';
import { insertDrawnUsage, keepReservation, noteUncovered } from './draw-store.ts';
import { fingerprintOf } from './fingerprint.ts';
import { closeReservation, type StoredReservation } from './reservation-store.ts';
import { lockReservation } from './reservations.ts';
import { type SettlementDeps, splitCharge } from './settlements.ts';
import { postTransfer, type UserAccounts } from './store.ts';

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

interface Locked {
  readonly reservation: StoredReservation;
  readonly accounts: UserAccounts;
}

/**
 * Charges many requests in one transaction to a reservation that was made ahead for them: books, usage rows and
 * budgets together, each request id once. Measured, reserving and settling each request by itself costs a durable
 * commit and about twenty statements twice; a batch costs as much as one of them.
 */
export function createDraws({ database, publish, budgets, now, currency }: SettlementDeps): Draws {
  async function drawOnce(transaction: Transaction, request: DrawRequest): Promise<Drawn> {
    const locked = await lockReservation(transaction, request.reservationId);
    const { reservation } = locked;
    if (reservation.status === 'settled' || reservation.status === 'released') {
      throw fault('ledger.reservation_closed', { status: reservation.status });
    }
    const charged = await charge(transaction, reservation, request.uses);
    return book(transaction, { ...locked, request, charged });
  }

  /** Writes the usage rows; what was written before is left out of the sum. */
  async function charge(
    transaction: Transaction,
    reservation: StoredReservation,
    uses: readonly DrawnUse[],
  ): Promise<{ readonly tokens: bigint; readonly requestIds: readonly string[] }> {
    if (uses.length === 0) return { tokens: 0n, requestIds: [] };
    const rows = uses.map((use) => ({
      ...use,
      chargedTokens: balanceTokensOf(use.promptTokens + use.completionTokens, use.price),
      cost: costOf(use, use.price),
    }));
    const written = await insertDrawnUsage(transaction, { reservation, rows, currency, atMs: now() });
    const fresh = rows.filter(({ requestId }) => written.has(requestId));
    return {
      tokens: fresh.reduce((sum, row) => sum + row.chargedTokens, 0n),
      requestIds: fresh.map(({ requestId }) => requestId),
    };
  }

  async function book(
    transaction: Transaction,
    drawing: Locked & { request: DrawRequest; charged: { tokens: bigint; requestIds: readonly string[] } },
  ): Promise<Drawn> {
    const { reservation, accounts, request, charged } = drawing;
    const { userId, apiKeyId, id, createdAtMs } = reservation;
    const atMs = now();
    // One that has expired holds nothing any more; its requests are charged all the same.
    const held = reservation.status === 'held' ? reservation.tokens : 0n;
    const split = splitCharge(charged.tokens, { held, available: accounts.available.balance });
    const returned = request.close ? split.returned : 0n;
    const [first] = charged.requestIds;
    if (split.fromHeld + split.fromAvailable + returned > 0n) {
      await postTransfer(transaction, {
        userId,
        kind: 'settle',
        key: `draw:${first ?? id}`,
        fingerprint: fingerprintOf(id, ...charged.requestIds),
        atMs,
        legs: [
          [accounts.held.id, -(split.fromHeld + returned)],
          [accounts.available.id, returned - split.fromAvailable],
          [accounts.consumed.id, split.fromHeld + split.fromAvailable],
        ],
      });
    }
    // Also what nothing covers was used, and counts.
    if (split.fromHeld + returned + charged.tokens > 0n) {
      await settleUse(transaction, {
        userId,
        apiKeyId,
        atMs: createdAtMs,
        heldTokens: split.fromHeld + returned,
        usedTokens: charged.tokens,
      });
    }
    if (request.close) await closeReservation(transaction, { reservationId: id, status: 'settled', atMs });
    else {
      const { lifetimeMs } = request;
      const expiresAtMs = Math.max(reservation.expiresAtMs, lifetimeMs === undefined ? 0 : atMs + lifetimeMs);
      await keepReservation(transaction, { reservationId: id, byTokens: split.fromHeld, expiresAtMs });
    }
    const balanceAfter = accounts.available.balance + returned - split.fromAvailable;
    await announce(transaction, { ...drawing, uncovered: split.uncovered, balanceAfter });
    return {
      chargedTokens: Number(charged.tokens),
      uncoveredTokens: Number(split.uncovered),
      returnedTokens: Number(returned),
    };
  }

  async function announce(
    transaction: Transaction,
    drawn: Locked & {
      request: DrawRequest;
      charged: { tokens: bigint; requestIds: readonly string[] };
      uncovered: bigint;
      balanceAfter: bigint;
    },
  ): Promise<void> {
    const { reservation, charged, uncovered, request } = drawn;
    const { userId, apiKeyId, createdAtMs } = reservation;
    const last = charged.requestIds.at(-1);
    if (last === undefined) return;
    const { traceId } = request;
    const applying = await budgets.applying(transaction, { userId, apiKeyId, atMs: createdAtMs });
    await budgets.announceCrossings(transaction, { userId, budgets: applying, traceId });
    await publish(
      'ledger.drawn',
      {
        userId,
        requests: charged.requestIds.length,
        chargedTokens: Number(charged.tokens),
        balanceAfter: Number(drawn.balanceAfter),
      },
      { transaction, traceId },
    );
    if (uncovered === 0n) return;
    await noteUncovered(transaction, { userId, requestId: last, tokens: uncovered });
    const uncoveredTokens = Number(uncovered);
    await publish('ledger.uncovered', { userId, requestId: last, uncoveredTokens }, { transaction, traceId });
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
