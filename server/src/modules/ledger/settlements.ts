import { formatDecimal, moneyScale } from '#base/decimal.ts';
import { fault } from '#base/fault.ts';
import { balanceTokensOf, costOf, type TokenCounts } from '#base/pricing.ts';
import type { Database, Transaction } from '#kernel/database/database.ts';
import type { Publish } from '#kernel/module.ts';
import { settleUse } from './budget-store.ts';
import type { Budgets } from './budgets.ts';
import type { ledgerContract } from './contract.ts';
import { fingerprintOf } from './fingerprint.ts';
import { closeReservation, findLiveReservation, type StoredReservation } from './reservation-store.ts';
import { lockReservation } from './reservations.ts';
import { postTransfer, type UserAccounts } from './store.ts';
import type { Settlement } from './types.ts';
import { type Charge, findCharge, insertUsage } from './usage-store.ts';

export interface SettleRequest {
  readonly reservationId: string;
  readonly counts: TokenCounts;
  readonly traceId: string;
}

export interface SettlementDeps {
  readonly database: Database;
  readonly publish: Publish<typeof ledgerContract>;
  readonly budgets: Budgets;
  readonly now: () => number;
  readonly currency: string;
}

interface Split {
  readonly fromHeld: bigint;
  readonly returned: bigint;
  readonly fromAvailable: bigint;
  readonly uncovered: bigint;
}

/**
 * How a charge is paid: from what was held, then from the balance as far as it reaches; the rest is uncovered.
 * All amounts are balance tokens, none below zero.
 */
export function splitCharge(
  charged: bigint,
  { held, available }: { held: bigint; available: bigint },
): Split {
  const fromHeld = charged < held ? charged : held;
  const excess = charged - fromHeld;
  const fromAvailable = excess < available ? excess : available;
  return { fromHeld, returned: held - fromHeld, fromAvailable, uncovered: excess - fromAvailable };
}

/**
 * Charges what requests really used: books, usage row, budgets and events in one transaction, once per request.
 * A reservation that expired meanwhile is still charged, from the balance: the tokens were generated.
 */
export function createSettlements({ database, publish, budgets, now, currency }: SettlementDeps): {
  /** @throws ledger.reservation_unknown, ledger.reservation_closed, ledger.key_reused, common.invalid_params */
  settle(request: SettleRequest): Promise<Settlement>;
} {
  async function charge(
    transaction: Transaction,
    settling: { reservation: StoredReservation; accounts: UserAccounts; request: SettleRequest },
  ): Promise<Charge> {
    const { reservation, accounts, request } = settling;
    const { counts } = request;
    const atMs = now();
    const charged = balanceTokensOf(counts.promptTokens + counts.completionTokens, reservation.price);
    const held = reservation.status === 'held' ? reservation.tokens : 0n;
    const split = splitCharge(charged, { held, available: accounts.available.balance });
    await postTransfer(transaction, {
      userId: reservation.userId,
      kind: 'settle',
      key: `settle:${reservation.id}`,
      fingerprint: fingerprintOf(counts.promptTokens, counts.cachedPromptTokens, counts.completionTokens),
      requestId: reservation.requestId,
      atMs,
      legs: [
        [accounts.held.id, -held],
        [accounts.available.id, split.returned - split.fromAvailable],
        [accounts.consumed.id, split.fromHeld + split.fromAvailable],
      ],
    });
    const bill: Charge = {
      counts,
      chargedTokens: charged,
      uncoveredTokens: split.uncovered,
      returnedTokens: split.returned,
      cost: costOf(counts, reservation.price),
      currency,
    };
    await insertUsage(transaction, { reservation, charge: bill, atMs });
    await closeReservation(transaction, { reservationId: reservation.id, status: 'settled', atMs });
    const { userId, apiKeyId, createdAtMs } = reservation;
    await settleUse(transaction, {
      userId,
      apiKeyId,
      atMs: createdAtMs,
      heldTokens: held,
      usedTokens: charged,
    });
    const balanceAfter = accounts.available.balance + split.returned - split.fromAvailable;
    await announce(transaction, { reservation, bill, balanceAfter, traceId: request.traceId });
    return bill;
  }

  async function announce(
    transaction: Transaction,
    settled: { reservation: StoredReservation; bill: Charge; balanceAfter: bigint; traceId: string },
  ): Promise<void> {
    const { reservation, bill, traceId } = settled;
    const { userId, apiKeyId, requestId, model, createdAtMs } = reservation;
    const applying = await budgets.applying(transaction, { userId, apiKeyId, atMs: createdAtMs });
    await budgets.announceCrossings(transaction, { userId, budgets: applying, traceId });
    await publish(
      'ledger.settled',
      {
        userId,
        requestId,
        model,
        chargedTokens: Number(bill.chargedTokens),
        balanceAfter: Number(settled.balanceAfter),
      },
      { transaction, traceId },
    );
    if (bill.uncoveredTokens === 0n) return;
    await publish(
      'ledger.uncovered',
      { userId, requestId, uncoveredTokens: Number(bill.uncoveredTokens) },
      { transaction, traceId },
    );
  }

  async function settleOnce(transaction: Transaction, request: SettleRequest): Promise<Settlement> {
    const locked = await lockReservation(transaction, request.reservationId);
    const { reservation } = locked;
    if (reservation.status === 'settled') {
      const before = await findCharge(transaction, reservation.id);
      if (before === undefined || !sameCounts(before.counts, request.counts)) {
        throw fault('ledger.key_reused', { key: reservation.requestId });
      }
      return settlementOf(before, true);
    }
    if (reservation.status === 'released') throw closed(reservation);
    if (reservation.status === 'expired' && (await findLiveReservation(transaction, reservation))) {
      // The request was tried again since; that attempt is the one that is billed.
      throw closed(reservation);
    }
    return settlementOf(await charge(transaction, { ...locked, request }), false);
  }

  return {
    async settle(request) {
      if (request.counts.cachedPromptTokens > request.counts.promptTokens) {
        throw fault('common.invalid_params', {
          field: 'cachedPromptTokens',
          reason: 'more than promptTokens, which include them',
        });
      }
      return database.transaction((transaction) => settleOnce(transaction, request));
    },
  };
}

function closed(reservation: StoredReservation): Error {
  return fault('ledger.reservation_closed', { status: reservation.status });
}

function sameCounts(left: TokenCounts, right: TokenCounts): boolean {
  return (
    left.promptTokens === right.promptTokens &&
    left.cachedPromptTokens === right.cachedPromptTokens &&
    left.completionTokens === right.completionTokens
  );
}

function settlementOf(charge: Charge, replayed: boolean): Settlement {
  return {
    chargedTokens: Number(charge.chargedTokens),
    uncoveredTokens: Number(charge.uncoveredTokens),
    returnedTokens: Number(charge.returnedTokens),
    cost: formatDecimal(charge.cost, moneyScale),
    currency: charge.currency,
    replayed,
  };
}
