/** The server's end of a program's standard input. */
export type InputWindow = ReturnType<typeof createInputWindow>;

/**
 * Sends input piece by piece, never more than the host has room for: what its program has taken is what may follow. So a program
 * that does not read holds its writer back, and costs the server nothing but the piece that waits.
 */
export function createInputWindow(windowBytes: number, send: (piece: Uint8Array, end: boolean) => void) {
  let untakenBytes = 0;
  let waiting: { rest: Buffer; readonly resolve: (taken: boolean) => void } | null = null;
  let state: 'open' | 'ending' | 'closed' = 'open';

  function close(): void {
    state = 'closed';
    waiting?.resolve(false);
    waiting = null;
  }

  function goOn(): void {
    while (waiting !== null && untakenBytes < windowBytes) {
      const piece = waiting.rest.subarray(0, windowBytes - untakenBytes);
      waiting.rest = waiting.rest.subarray(piece.length);
      untakenBytes += piece.length;
      send(piece, false);
      if (waiting.rest.length > 0) continue;
      waiting.resolve(true);
      waiting = null;
    }
    if (state !== 'ending' || waiting !== null) return;
    close();
    send(new Uint8Array(0), true);
  }

  return {
    /** Resolves once all of it was sent; false when the input is closed or the program has ended. One piece at a time. */
    write(data: Buffer): Promise<boolean> {
      if (state !== 'open' || waiting !== null) return Promise.resolve(false);
      if (data.length === 0) return Promise.resolve(true);
      return new Promise((resolve) => {
        waiting = { rest: data, resolve };
        goOn();
      });
    },
    /** Closes the input after what waits. */
    end(): void {
      if (state !== 'open') return;
      state = 'ending';
      goOn();
    },
    /** The program has taken so much. False when it can't have: it was never sent. */
    taken(bytes: number): boolean {
      if (bytes > untakenBytes) return false;
      untakenBytes -= bytes;
      goOn();
      return true;
    },
    close,
  };
}
