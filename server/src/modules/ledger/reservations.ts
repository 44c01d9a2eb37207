import { type Fault, fault } from '#base/fault.ts';
import { newId } from '#base/ids.ts';
import { balanceTokensOf } from '#base/pricing.ts';
import type { Database, Transaction } from '#kernel/database/database.ts';
import type { Publish } from '#kernel/module.ts';
import { addHeldUse } from './budget-store.ts';
import { type Budgets, firstExceeded } from './budgets.ts';
import type { ledgerContract } from './contract.ts';
import type { ModelPrice } from './contract-shapes.ts';
import { fingerprintOf } from './fingerprint.ts';
import {
  closeReservation,
  findExpired,
  findLiveReservation,
  findReservation,
  insertReservation,
  type StoredReservation,
} from './reservation-store.ts';
import { returnHeld } from './returns.ts';
import { lockAccounts, postTransfer, type UserAccounts } from './store.ts';
import type { Reservation } from './types.ts';
import { isCharged } from './usage-store.ts';

export interface ReserveRequest {
  readonly requestId: string;
  readonly userId: string;
  readonly apiKeyId: string | null;
  readonly model: string;
  readonly endpoint: string;
  readonly promptTokens: number;
  readonly maxCompletionTokens: number;
  readonly price: ModelPrice;
  readonly lifetimeMs: number;
  readonly traceId: string;
}

export interface Reservations {
  /**
   * Puts aside what a request may cost at most. Requests of one user are put in an order, so that together they
   * never reserve more than balance and budgets hold.
   * @throws ledger.insufficient_balance, ledger.budget_exceeded, ledger.key_reused
   */
  reserve(request: ReserveRequest): Promise<Reservation>;
  /** @throws ledger.reservation_unknown, ledger.reservation_closed */
  release(reservationId: string): Promise<{ returnedTokens: number; replayed: boolean }>;
  /** Releases what nobody settled in time; returns how many there were. */
  expireOverdue(): Promise<number>;
}

export interface ReservationDeps {
  readonly database: Database;
  readonly publish: Publish<typeof ledgerContract>;
  readonly budgets: Budgets;
  readonly now: () => number;
  readonly currency: string;
}

const expiriesAtOnce = 200;

type Outcome =
  | { readonly kind: 'reserved'; readonly reservation: StoredReservation; readonly replayed: boolean }
  | { readonly kind: 'refused'; readonly fault: Fault };

/** Reservations: tokens put aside before a request runs, and given back when it does not. */
export function createReservations({
  database,
  publish,
  budgets,
  now,
  currency,
}: ReservationDeps): Reservations {
  async function attempt(transaction: Transaction, request: ReserveRequest): Promise<Outcome> {
    const accounts = await lockAccounts(transaction, request.userId);
    const fingerprint = requestFingerprint(request);
    const known = await findLiveReservation(transaction, request);
    if (known !== undefined) {
      if (!known.fingerprint.equals(fingerprint))
        throw fault('ledger.key_reused', { key: request.requestId });
      return { kind: 'reserved', reservation: known, replayed: true };
    }
    // It drew on a reservation of others: what it does under this id once more could never be charged.
    if (await isCharged(transaction, request)) throw fault('ledger.key_reused', { key: request.requestId });
    const tokens = balanceTokensOf(request.promptTokens + request.maxCompletionTokens, request.price);
    const refusal = await findRefusal(transaction, { request, accounts, tokens });
    if (refusal !== undefined) return { kind: 'refused', fault: refusal };
    const reservation = draft(request, { tokens, fingerprint });
    await book(transaction, { reservation, accounts });
    return { kind: 'reserved', reservation, replayed: false };
  }

  async function findRefusal(
    transaction: Transaction,
    asked: { request: ReserveRequest; accounts: UserAccounts; tokens: bigint },
  ): Promise<Fault | undefined> {
    const { request, accounts, tokens } = asked;
    const applying = await budgets.applying(transaction, { ...request, atMs: now() });
    const exceeded = firstExceeded(applying, tokens);
    if (exceeded !== undefined) {
      const { userId, traceId } = request;
      await budgets.announceRefusal(transaction, { userId, budget: exceeded, traceId });
      return fault('ledger.budget_exceeded', {
        period: exceeded.period,
        limitTokens: Number(exceeded.limitTokens),
        usedTokens: Number(exceeded.usedTokens + exceeded.heldTokens),
        neededTokens: Number(tokens),
        resetsAt: new Date(exceeded.endsAtMs).toISOString(),
      });
    }
    if (accounts.available.balance >= tokens) return undefined;
    return fault('ledger.insufficient_balance', {
      neededTokens: Number(tokens),
      availableTokens: Number(accounts.available.balance),
    });
  }

  function draft(
    request: ReserveRequest,
    { tokens, fingerprint }: { tokens: bigint; fingerprint: Buffer },
  ): StoredReservation {
    const atMs = now();
    const { userId, apiKeyId, requestId, model, endpoint, price } = request;
    return {
      id: newId(atMs),
      userId,
      apiKeyId,
      requestId,
      fingerprint,
      model,
      endpoint,
      tokens,
      price,
      status: 'held',
      createdAtMs: atMs,
      expiresAtMs: atMs + request.lifetimeMs,
    };
  }

  /** Returns everything that is held and closes the reservation. The user's accounts are locked. */
  async function giveBack(
    transaction: Transaction,
    change: { reservation: StoredReservation; accounts: UserAccounts; status: 'released' | 'expired' },
  ): Promise<void> {
    const { reservation, accounts, status } = change;
    const { id, requestId, tokens } = reservation;
    const atMs = now();
    await returnHeld(transaction, {
      reservation,
      accounts,
      tokens,
      kind: status === 'released' ? 'release' : 'expire',
      key: `release:${id}`,
      fingerprint: fingerprintOf(status),
      requestId,
      atMs,
    });
    await closeReservation(transaction, { reservationId: id, status, atMs });
  }

  async function expire(reservationId: string): Promise<boolean> {
    return database.transaction(async (transaction) => {
      const locked = await lockReservation(transaction, reservationId);
      const { reservation } = locked;
      if (reservation.status !== 'held' || reservation.expiresAtMs > now()) return false;
      await giveBack(transaction, { ...locked, status: 'expired' });
      const { userId, requestId, tokens } = reservation;
      await publish(
        'ledger.reservation_expired',
        { userId, requestId, tokens: Number(tokens) },
        { transaction },
      );
      return true;
    });
  }

  return {
    async reserve(request) {
      const outcome = await database.transaction((transaction) => attempt(transaction, request));
      // Thrown only now, so that the announcement of a reached budget is committed.
      if (outcome.kind === 'refused') throw outcome.fault;
      const { reservation, replayed } = outcome;
      return {
        reservationId: reservation.id,
        tokens: Number(reservation.tokens),
        status: reservation.status,
        expiresAt: new Date(reservation.expiresAtMs).toISOString(),
        currency,
        replayed,
      };
    },

    release: (reservationId) =>
      database.transaction(async (transaction) => {
        const locked = await lockReservation(transaction, reservationId);
        const { status, tokens } = locked.reservation;
        if (status === 'settled') throw fault('ledger.reservation_closed', { status });
        if (status === 'held') await giveBack(transaction, { ...locked, status: 'released' });
        return { returnedTokens: Number(tokens), replayed: status !== 'held' };
      }),

    async expireOverdue() {
      let expired = 0;
      for (;;) {
        const overdue = await findExpired(database, { atMs: now(), limit: expiriesAtOnce });
        for (const reservationId of overdue) if (await expire(reservationId)) expired += 1;
        if (overdue.length < expiriesAtOnce) return expired;
      }
    },
  };
}

async function book(
  transaction: Transaction,
  { reservation, accounts }: { reservation: StoredReservation; accounts: UserAccounts },
): Promise<void> {
  const { id, userId, apiKeyId, requestId, tokens, fingerprint, createdAtMs } = reservation;
  await insertReservation(transaction, reservation);
  await postTransfer(transaction, {
    userId,
    kind: 'reserve',
    key: `reserve:${id}`,
    fingerprint,
    requestId,
    atMs: createdAtMs,
    legs: [
      [accounts.available.id, -tokens],
      [accounts.held.id, tokens],
    ],
  });
  await addHeldUse(transaction, { userId, apiKeyId, atMs: createdAtMs, heldTokens: tokens });
}

/** A retry after a change of price is still the same request, so prices are left out. */
function requestFingerprint(request: ReserveRequest): Buffer {
  const { apiKeyId, model, endpoint, promptTokens, maxCompletionTokens } = request;
  return fingerprintOf(apiKeyId, model, endpoint, promptTokens, maxCompletionTokens);
}

/**
 * Locks the accounts of a reservation's user, then reads its state: nobody else can change it until the end of the
 * transaction.
 * @throws ledger.reservation_unknown
 */
export async function lockReservation(
  transaction: Transaction,
  reservationId: string,
): Promise<{ reservation: StoredReservation; accounts: UserAccounts }> {
  const found = await findReservation(transaction, reservationId);
  if (found === undefined) throw fault('ledger.reservation_unknown');
  const accounts = await lockAccounts(transaction, found.userId);
  const reservation = await findReservation(transaction, reservationId);
  if (reservation === undefined) throw fault('ledger.reservation_unknown');
  return { reservation, accounts };
}
