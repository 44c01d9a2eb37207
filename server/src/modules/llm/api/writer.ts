import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { fault } from '#base/fault.ts';
import type { Bill } from '../accounting/accounting.ts';
import type { Piece, QueueNotice, QueuePlace } from '../source.ts';

/** What a request cost, as headers of its answer, or as trailers of a stream. */
export function billHeaders(bill: Bill): [name: string, value: string][] {
  return [
    ['x-cds-model', encodeURI(bill.model)],
    ['x-cds-prompt-tokens', String(bill.promptTokens)],
    ['x-cds-cached-prompt-tokens', String(bill.cachedPromptTokens)],
    ['x-cds-completion-tokens', String(bill.completionTokens)],
    ['x-cds-charged-tokens', String(bill.chargedTokens)],
    ['x-cds-cost', bill.cost],
    ['x-cds-currency', bill.currency],
  ];
}

/** A request's place in the queue, as names and values of headers: where it stood at first. */
export function queueHeaders({ position, estimatedWaitMs }: QueuePlace): string[] {
  const wait = estimatedWaitMs === null ? [] : ['x-cds-queue-wait-ms', String(estimatedWaitMs)];
  return ['x-cds-queue-position', String(position), ...wait];
}

/**
 * Server-sent events of one answer. A place in the queue is a comment (HTML Living Standard, section 9.2.6): clients
 * of OpenAI's API pass over it, and proxies see that the connection lives.
 */
export function eventsOf(piece: Piece | QueueNotice): Buffer | string {
  if ('events' in piece) return piece.events;
  if ('chunk' in piece) return `data: ${JSON.stringify(piece.chunk)}\n\n`;
  const { position, estimatedWaitMs } = piece.queued;
  return `: queue position=${position}${estimatedWaitMs === null ? '' : ` wait_ms=${estimatedWaitMs}`}\n\n`;
}

/** The objects that a piece stands for, for transports that are not server-sent events. */
export function objectsOf(piece: Piece): object[] {
  if ('chunk' in piece) return [piece.chunk];
  return piece.events
    .toString()
    .split('\n\n')
    .flatMap((event) => {
      const lines = event.split('\n').filter((line) => line.startsWith('data:'));
      return lines.length === 0 ? [] : [JSON.parse(lines.map((line) => line.slice(5)).join('\n')) as object];
    });
}

/**
 * Waits while the client reads slower than the model writes, so that nothing piles up in memory; but not for ever, since
 * the model's slot waits too. A client that takes nothing for `stallMs` has its connection closed.
 * @throws the signal's reason, common.cancelled
 */
export async function drained(raw: ServerResponse, signal: AbortSignal, stallMs: number): Promise<void> {
  const stalled = AbortSignal.timeout(stallMs);
  await once(raw, 'drain', { signal: AbortSignal.any([signal, stalled]) }).catch(() => undefined);
  signal.throwIfAborted();
  if (!stalled.aborted || !raw.writableNeedDrain) return;
  raw.destroy();
  throw fault('common.cancelled');
}
