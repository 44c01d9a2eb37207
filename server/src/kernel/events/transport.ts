/**
 * Carries short messages to every other process. Messages may be lost; nothing durable depends on them but speed.
 * `send` never throws and never waits: an outage is the transport's own to log and to mend.
 */
export interface EventTransport extends AsyncDisposable {
  /**
   * Begins to receive; resolves when it does.
   * `onGap` tells that messages may have been missed.
   */
  start(onMessage: (message: string) => void, onGap: () => void): Promise<void>;
  send(message: string): void;
}

/** For an installation of one process: nobody else is there. */
export function createLocalTransport(): EventTransport {
  return {
    start: () => Promise.resolve(),
    send: () => undefined,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
