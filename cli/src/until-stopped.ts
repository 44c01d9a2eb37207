const repeatMs = 1_000;

/**
 * Resolves at the first SIGINT, SIGTERM or SIGHUP. The same signal may come twice at once (from the terminal and
 * from npm); only one a second later means impatience and ends the process without further ado.
 */
export function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    let firstMs: number | undefined;
    const onSignal = () => {
      const nowMs = Date.now();
      if (firstMs === undefined) {
        firstMs = nowMs;
        resolve();
      } else if (nowMs - firstMs > repeatMs) process.exit(130);
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, onSignal);
  });
}
