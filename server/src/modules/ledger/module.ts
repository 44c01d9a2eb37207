import { z } from 'zod';
import { defineModule } from '#kernel/module.ts';
import { createBalances } from './balances.ts';
import { removeOldPeriods } from './budget-store.ts';
import { createBudgets } from './budgets.ts';
import { ledgerContract } from './contract.ts';
import { createDraws } from './draws.ts';
import { handlersOf } from './handlers.ts';
import { createReservations } from './reservations.ts';
import { createSettlements } from './settlements.ts';
import { createUsage } from './usage.ts';

const countersKeptMs = 400 * 24 * 3_600_000;

export const ledger = defineModule({
  name: 'ledger',
  contract: ledgerContract,
  needs: {},
  migrations: new URL('./migrations/', import.meta.url),
  config: z.object({
    currency: z
      .string()
      .regex(/^[A-Z]{3}$/, 'must be three capital letters such as EUR')
      .default('USD')
      .describe('Currency of model prices and costs (ISO 4217); providers list theirs in USD'),
    sweepMs: z
      .int()
      .min(1_000)
      .max(3_600_000)
      .default(30_000)
      .describe('How often expired reservations are looked for'),
  }),
  start: (context) => {
    const { database, publish, now, log, config } = context;
    const budgets = createBudgets({ database, publish, now });
    const reservations = createReservations({
      database,
      publish,
      budgets,
      now,
      currency: config.currency,
    });

    async function sweep(): Promise<void> {
      const expired = await reservations.expireOverdue();
      if (expired > 0) log.info({ expired }, 'expired reservations were released');
      await removeOldPeriods(database, now() - countersKeptMs);
    }
    let running: Promise<void> | undefined;
    const timer = setInterval(() => {
      running ??= sweep()
        .catch((error: unknown) => {
          if (!context.stopping.aborted) log.warn({ err: error }, 'expired reservations can’t be released');
        })
        .finally(() => {
          running = undefined;
        });
    }, config.sweepMs).unref();
    context.defer(async () => {
      clearInterval(timer);
      await running;
    });

    return {
      handlers: handlersOf({
        budgets,
        reservations,
        settlements: createSettlements({ database, publish, budgets, now, currency: config.currency }),
        draws: createDraws({ database, publish, budgets, now, currency: config.currency }),
        balances: createBalances({ database, publish, now }),
        usageOf: createUsage({ database, now, currency: config.currency }),
      }),
      recover: sweep,
    };
  },
});
