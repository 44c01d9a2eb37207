const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Runs work that a first Ctrl-C ends in order; a second one ends the process at once. */
export async function withSignals<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const onSignal = () => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort(new Error('stopped by a signal'));
  };
  for (const name of signals) process.on(name, onSignal);
  try {
    return await work(controller.signal);
  } finally {
    for (const name of signals) process.off(name, onSignal);
  }
}
