import { fault } from '#base/fault.ts';
import type { Accounting, Bill, Hold, HoldRequest } from './accounting.ts';
import type { LedgerAccess } from './purses.ts';

/**
 * Reserve, run, settle for one request by itself: for requests whose id the client named, since the ledger then tells
 * a repetition, also one by another process.
 */
export function createSingleHolds({ ledger, systemCall, lifetimeMs, log }: LedgerAccess): Accounting {
  return {
    async hold(request: HoldRequest): Promise<Hold> {
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
        async settle(meter): Promise<Bill> {
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
