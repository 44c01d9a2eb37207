/** One SQL statement. A `name` makes PostgreSQL keep its plan: give one on hot paths. */
export interface Statement {
  readonly text: string;
  readonly values?: readonly unknown[];
  readonly name?: string;
}

export interface Queryable {
  /** Runs one statement and returns its rows, columns as named in the SQL. bigint columns arrive as `bigint`. */
  query<Row extends object = Record<string, never>>(statement: Statement): Promise<Row[]>;
  /** As `query`, for statements of which only the number of affected rows matters. */
  execute(statement: Statement): Promise<number>;
}

export interface Transaction extends Queryable {
  readonly kind: 'transaction';
  /** Runs once the transaction has committed, and never if it rolls back. Must not throw. */
  afterCommit(work: () => void): void;
}

/** The process's one connection pool. */
export interface Database extends Queryable {
  /** Commits when `work` resolves, rolls back when it throws. Serialisation failures are retried up to three times. */
  transaction<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result>;
  /** Calls `onNotify` for each NOTIFY on the channel; reconnects by itself and then calls `onGap`. Resolves when listening. */
  listen(channel: string, onNotify: (payload: string) => void, onGap?: () => void): Promise<AsyncDisposable>;
  /** The PostgreSQL connection address, for libraries that connect by themselves. */
  readonly connectionString: string;
}
