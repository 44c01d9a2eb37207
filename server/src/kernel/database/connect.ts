import pg from 'pg';
import type { Logger } from 'pino';
import type { Database, Queryable, Statement, Transaction } from './database.ts';
import { listenOn } from './listen.ts';

export interface ConnectOptions {
  readonly connectionString: string;
  readonly maxConnections?: number;
  readonly log?: Logger;
  /** Told when the server ended a connection, so that a launcher can look after it. */
  readonly applicationName?: string;
}

const int8 = 20;
const retryable = new Set(['40001', '40P01']);
const maxAttempts = 4;

/** bigint columns as `bigint`; every other type as pg reads it. Own to the pool, pg's global table stays as it is. */
const types = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    return oid === int8 ? (text: string) => BigInt(text) : pg.types.getTypeParser(oid, format);
  },
} as pg.CustomTypesConfig;

function queryConfig({ text, values, name }: Statement): pg.QueryConfig {
  return { text, values: values === undefined ? [] : [...values], ...(name === undefined ? {} : { name }) };
}

function queryableOn(target: { query(config: pg.QueryConfig): Promise<pg.QueryResult> }): Queryable {
  return {
    async query<Row extends object>(statement: Statement) {
      const result = await target.query(queryConfig(statement));
      return result.rows as Row[];
    },
    async execute(statement) {
      const result = await target.query(queryConfig(statement));
      return result.rowCount ?? 0;
    },
  };
}

async function attempt<Result>(
  pool: pg.Pool,
  work: (transaction: Transaction) => Promise<Result>,
): Promise<{ result: Result; committed: (() => void)[] }> {
  const client = await pool.connect();
  const committed: (() => void)[] = [];
  let broken: Error | undefined;
  // The pool listens to idle clients only: a connection that the server ends now would end the process instead.
  const onError = (error: Error) => {
    broken = error;
  };
  client.on('error', onError);
  try {
    await client.query('begin');
    const transaction: Transaction = {
      kind: 'transaction',
      ...queryableOn(client),
      afterCommit: (callback) => committed.push(callback),
    };
    const result = await work(transaction);
    await client.query('commit');
    return { result, committed };
  } catch (error) {
    await client.query('rollback').catch((rollbackError: Error) => {
      broken = rollbackError;
    });
    throw error;
  } finally {
    client.off('error', onError);
    client.release(broken);
  }
}

/** Opens the process's one connection pool. Rejects when the server can't be reached. */
export async function connectDatabase(options: ConnectOptions): Promise<Database & AsyncDisposable> {
  const { connectionString, log } = options;
  const pool = new pg.Pool({
    connectionString,
    max: options.maxConnections ?? 10,
    types,
    application_name: options.applicationName ?? 'cyberdevstudio',
    idleTimeoutMillis: 30_000,
    connectionTimeoutMillis: 10_000,
    // A server that has gone without a word is noticed, instead of being waited for.
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  });
  pool.on('error', (error) => log?.warn({ err: error }, 'an idle database connection broke'));
  try {
    await pool.query('select 1');
  } catch (error) {
    await pool.end();
    throw error;
  }
  return {
    ...queryableOn(pool),
    connectionString,
    async transaction(work) {
      for (let tries = 1; ; tries += 1) {
        try {
          const { result, committed } = await attempt(pool, work);
          for (const callback of committed) callback();
          return result;
        } catch (error) {
          const { code } = error as { code?: string };
          if (tries >= maxAttempts || code === undefined || !retryable.has(code)) throw error;
        }
      }
    },
    listen: (channel, onNotify, onGap) => listenOn({ connectionString, channel, onNotify, onGap, log }),
    [Symbol.asyncDispose]: () => pool.end(),
  };
}
