import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { ParamsOf } from '#base/contract.ts';
import type { EventEnvelope } from '#kernel/module.ts';
import { type TestWorld, testWorld } from '#kernel/testing/world.ts';
import { ledgerContract } from '../contract.ts';
import { ledger } from '../module.ts';

type Reserve = ParamsOf<typeof ledgerContract, 'ledger.reserve'>;
type Settle = ParamsOf<typeof ledgerContract, 'ledger.settle'>;

export interface LedgerWorld extends AsyncDisposable {
  readonly world: TestWorld;
  /** A new user with so many tokens. */
  userWith(tokens: number): Promise<string>;
  reserve(
    userId: string,
    changes?: Partial<Reserve>,
  ): Promise<Awaited<ReturnType<LedgerWorld['reserveAnswer']>>>;
  reserveAnswer(
    request: Reserve,
  ): Promise<{ reservationId: string; tokens: number; status: string; expiresAt: string; replayed: boolean }>;
  settle(settling: Settle): Promise<{
    chargedTokens: number;
    uncoveredTokens: number;
    returnedTokens: number;
    cost: string;
    currency: string;
    replayed: boolean;
  }>;
  release(reservationId: string): Promise<{ returnedTokens: number; replayed: boolean }>;
  balance(userId: string): Promise<{ tokens: number; heldTokens: number }>;
  /** Durable events of a user, oldest first. */
  events(userId: string, name: string): Promise<EventEnvelope['payload'][]>;
  /** Checks the books as a whole: every transfer sums to zero, every balance is the sum of its entries. */
  assertBalancedBooks(): Promise<void>;
}

/** The ledger on a real database, and what its tests do again and again. */
export async function ledgerWorld(): Promise<LedgerWorld> {
  const world = await testWorld([ledger]);
  const client = world.client(ledgerContract);
  const call = world.call(null);

  const reserveAnswer = (request: Reserve) => client.call('ledger.reserve', request, call);

  return {
    world,
    async userWith(tokens) {
      const userId = randomUUID();
      await client.call('ledger.credit', { userId, tokens, key: 'start', reason: 'start' }, call);
      return userId;
    },
    reserveAnswer,
    reserve: (userId, changes = {}) =>
      reserveAnswer({
        requestId: randomUUID(),
        userId,
        model: 'coder-3b',
        endpoint: '/v1/chat/completions',
        promptTokens: 60,
        maxCompletionTokens: 40,
        ...changes,
      }),
    settle: (settling) => client.call('ledger.settle', settling, call),
    release: (reservationId) => client.call('ledger.release', { reservationId }, call),
    async balance(userId) {
      const { balances } = await client.call('ledger.balances', { userIds: [userId] }, call);
      const balance = balances[userId];
      assert.ok(balance);
      return balance;
    },
    async events(userId, name) {
      const rows = await world.database.query<{ payload: EventEnvelope['payload'] }>({
        text: `select payload from kernel.event where name = $1 and payload ->> 'userId' = $2 order by sequence`,
        values: [name, userId],
      });
      return rows.map((row) => row.payload);
    },
    async assertBalancedBooks() {
      const unbalanced = await world.database.query({
        text: 'select transfer_id from ledger.entry group by transfer_id having sum(amount) <> 0',
      });
      assert.deepEqual(unbalanced, []);
      const drifted = await world.database.query({
        text: `select account.id from ledger.account
                 left join ledger.entry on entry.account_id = account.id
                group by account.id
               having account.balance <> coalesce(sum(entry.amount), 0)
                   or account.version <> count(entry.version)`,
      });
      assert.deepEqual(drifted, []);
      const misnumbered = await world.database.query({
        text: `select account_id, version from (
                 select account_id, version, balance_after,
                        sum(amount) over (partition by account_id order by version) as running
                   from ledger.entry) as entries
                where balance_after <> running`,
      });
      assert.deepEqual(misnumbered, []);
    },
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}
