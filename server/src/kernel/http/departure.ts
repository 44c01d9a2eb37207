import type { ServerResponse } from 'node:http';

/**
 * Calls `leave` when the client goes before its answer is written: at once where it has gone already, since `close` is
 * told only once and what came before, such as the look at a credential, takes its time.
 */
export function onDeparture(raw: ServerResponse, leave: () => void): void {
  if (raw.closed) {
    if (!raw.writableFinished) leave();
    return;
  }
  raw.once('close', () => {
    if (!raw.writableFinished) leave();
  });
}
