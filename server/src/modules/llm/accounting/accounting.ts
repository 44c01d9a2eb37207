import type { Logger } from 'pino';
import type { Call, Client } from '#base/contract.ts';
import { fault } from '#base/fault.ts';
import type { Principal } from '#base/principal.ts';
import type { ledgerContract } from '#modules/ledger/contract.ts';
import type { ModelPrice } from '../source.ts';
import type { Meter } from './meter.ts';

/** What a finished request came to. */
export interface Bill extends Readonly<Meter> {
  readonly model: string;
  readonly chargedTokens: number;
  readonly cost: string;
  readonly currency: string;
}

export interface HoldRequest {
  readonly user: Principal;
  /** Unique per user and request: what has it is billed once. */
  readonly requestId: string;
  readonly model: string;
  readonly endpoint: string;
  readonly price: ModelPrice;
  readonly promptTokens: number;
  readonly maxCompletionTokens: number;
}

/** Tokens put aside for one request. Exactly one of the two ends it. */
export interface Hold {
  settle(meter: Meter): Promise<Bill>;
  release(): Promise<void>;
}

export interface Accounting {
  /** @throws ledger.insufficient_balance, ledger.budget_exceeded, llm.request_repeated */
  hold(request: HoldRequest): Promise<Hold>;
}

export interface AccountingDeps {
  readonly ledger: Client<typeof ledgerContract>;
  /** A call on the platform's own behalf: what was used is charged also when the client has left. */
  readonly systemCall: () => Call;
  readonly lifetimeMs: number;
  readonly log: Logger;
}

/**
 * Reserve, run, settle. A process that dies leaves its reservations to expire; what was not settled is not billed,
 * and a request id is never billed twice.
 */
export function createAccounting({ ledger, systemCall, lifetimeMs, log }: AccountingDeps): Accounting {
  return {
    async hold(request) {
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
      const { reservationId } = reservation;
      return {
        async settle(meter) {
          const { chargedTokens, cost, currency } = await ledger.call(
            'ledger.settle',
            {
              reservationId,
              promptTokens: meter.promptTokens,
              cachedPromptTokens: meter.cachedPromptTokens,
              completionTokens: meter.completionTokens,
            },
            systemCall(),
          );
          return { ...meter, model, chargedTokens, cost, currency };
        },
        async release() {
          // The client is told why its request failed, not that the release did: that ends by the lifetime.
          await ledger.call('ledger.release', { reservationId }, systemCall()).catch((error: unknown) => {
            log.warn({ err: error, reservationId }, 'a reservation can’t be released and will expire');
          });
        },
      };
    },
  };
}
