/** Sessions that are kept for the next question, by a key; each ends when nobody has asked for a while. */
export function createSessions<Session extends AsyncDisposable & { readonly open: boolean }>(options: {
  readonly idleMs: number;
  /** Idle sessions of one owner that are kept; each holds a place in the sandbox that somebody may need. */
  readonly idlePerUser: number;
}) {
  interface Entry {
    readonly opening: Promise<Session>;
    readonly stop: AbortController;
    readonly owner: string;
    /** Set once it is open. */
    session: Session | undefined;
    users: number;
    timer: NodeJS.Timeout | undefined;
  }
  const entries = new Map<string, Entry>();
  const closing = new Set<Promise<void>>();

  function end(key: string, entry: Entry): Promise<void> {
    if (entries.get(key) === entry) entries.delete(key);
    clearTimeout(entry.timer);
    entry.stop.abort();
    const closed = entry.opening
      .then((session) => session[Symbol.asyncDispose]())
      .catch(() => undefined)
      .finally(() => closing.delete(closed));
    closing.add(closed);
    return closed;
  }

  function endSurplus(owner: string): void {
    const idle = [...entries].filter(([, entry]) => entry.owner === owner && entry.users === 0);
    for (const [key, entry] of idle.slice(0, Math.max(0, idle.length - options.idlePerUser)))
      void end(key, entry);
  }

  return {
    /** Uses the session of the key, opening it when there is none. `stop` of the opener aborts when it is to end. */
    async use<Result>(
      { key, owner }: { readonly key: string; readonly owner: string },
      open: (stop: AbortSignal) => Promise<Session>,
      work: (session: Session) => Promise<Result>,
    ): Promise<Result> {
      let entry = entries.get(key);
      // It may have died while nobody used it.
      if (entry?.session?.open === false) {
        void end(key, entry);
        entry = undefined;
      }
      if (entry === undefined) {
        const stop = new AbortController();
        entry = { opening: open(stop.signal), stop, owner, session: undefined, users: 0, timer: undefined };
        entries.set(key, entry);
      }
      entry.users += 1;
      clearTimeout(entry.timer);
      let failed = true;
      try {
        const session = await entry.opening;
        entry.session = session;
        const result = await work(session);
        failed = !session.open;
        return result;
      } catch (error) {
        failed = !(await entry.opening.then(
          (session) => session.open,
          () => false,
        ));
        throw error;
      } finally {
        entry.users -= 1;
        const ended = entry;
        if (failed) void end(key, ended);
        else if (entry.users === 0) {
          // The last one used is the last one ended.
          entries.delete(key);
          entries.set(key, entry);
          entry.timer = setTimeout(() => void end(key, ended), options.idleMs).unref();
          endSurplus(owner);
        }
      }
    },
    /** Ends those whose key this holds for; resolves when nothing of them is left. */
    async endWhere(matches: (key: string) => boolean): Promise<void> {
      await Promise.all([...entries].map(([key, entry]) => (matches(key) ? end(key, entry) : undefined)));
    },
    async [Symbol.asyncDispose]() {
      for (const [key, entry] of entries) void end(key, entry);
      await Promise.allSettled(closing);
    },
  };
}
