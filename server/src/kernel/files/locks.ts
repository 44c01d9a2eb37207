/**
 * Files that are being written in this process. It is state of the process on purpose: two modules that write to
 * the same file must wait for one another, and know nothing of each other.
 */
const tails = new Map<string, Promise<void>>();

/** Runs `work` when no other work under the same key runs; in the order of the calls. */
export async function withLock<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
  const before = tails.get(key);
  const { promise, resolve } = Promise.withResolvers<void>();
  tails.set(key, promise);
  try {
    if (before !== undefined) await before;
    return await work();
  } finally {
    if (tails.get(key) === promise) tails.delete(key);
    resolve();
  }
}

/** As `withLock` for two keys; their order does not matter. */
export function withLocks<Result>(
  keys: readonly [string, string],
  work: () => Promise<Result>,
): Promise<Result> {
  const [first, second] = keys[0] <= keys[1] ? keys : [keys[1], keys[0]];
  if (first === second) return withLock(first, work);
  return withLock(first, () => withLock(second, work));
}
