import { fault } from '#base/fault.ts';
import type { Meter } from '../accounting/meter.ts';
import type { Piece } from '../source.ts';
import { createEventSplitter, dataOf } from './event-splitter.ts';
import type { ExchangeBody } from './exchange.ts';
import { withoutKeys } from './redact.ts';
import { takeUsage } from './usage.ts';

export interface StreamReading {
  readonly provider: string;
  readonly key: string | undefined;
  readonly meter: Meter;
  /** Whether the client asked for the usage itself; if not, the event that only carries it is left out. */
  readonly includeUsage: boolean;
  readonly maxEventBytes: number;
}

interface Event {
  readonly choices?: readonly {
    readonly finish_reason?: string | null;
    readonly text?: string;
    readonly delta?: object;
  }[];
  readonly usage?: unknown;
  readonly error?: unknown;
}

/**
 * Passes a provider's events on, byte for byte, and reads what they tell: usage wherever it is split, errors in the
 * middle, whether the answer came to its end. Until a provider tells its count, each event with text counts as a
 * token, which is what an aborted answer is charged.
 * @throws llm.stream_broken when the provider tells an error, sends what is not JSON, or stops before the end
 */
export async function* readStream(
  body: Pick<ExchangeBody, 'next'>,
  reading: StreamReading,
): AsyncGenerator<Piece, void, undefined> {
  const splitter = createEventSplitter(reading.provider, reading.maxEventBytes);
  const state: ReaderState = { finished: false, done: false, told: false };
  for (let chunk = await body.next(); chunk !== undefined; chunk = await body.next()) {
    const events = splitter.push(chunk);
    if (events === undefined) continue;
    const passed = inspect(events, state, reading);
    if (passed.length > 0) yield { events: passed };
    if (state.failure !== undefined) throw broken(reading, state.failure);
    if (state.done) return;
  }
  if (splitter.remainder().length > 0) throw broken(reading, 'it ended within an event');
  if (!state.finished) throw broken(reading, 'it ended before the answer did');
}

interface ReaderState {
  /** A finish reason was seen. */
  finished: boolean;
  /** `[DONE]` was seen. */
  done: boolean;
  /** The provider told its usage. */
  told: boolean;
  failure?: string;
}

/** Looks at each event of a block and returns what goes on to the client. */
function inspect(block: Buffer, state: ReaderState, reading: StreamReading): Buffer {
  const text = block.toString();
  let kept: string[] | undefined;
  let from = 0;
  let passed = 0;
  while (from < text.length) {
    const end = text.indexOf('\n\n', from);
    const event = text.slice(from, end);
    from = end + 2;
    if (judge(event, state, reading)) {
      passed += 1;
      kept?.push(event);
    } else {
      kept ??= eventsBefore(text, passed);
    }
    if (state.done || state.failure !== undefined) {
      kept ??= eventsBefore(text, passed);
      break;
    }
  }
  if (kept === undefined) return block;
  return Buffer.from(kept.map((event) => `${event}\n\n`).join(''));
}

function eventsBefore(text: string, count: number): string[] {
  return text.split('\n\n').slice(0, count);
}

/** True when the event is for the client. */
function judge(event: string, state: ReaderState, reading: StreamReading): boolean {
  const data = dataOf(event);
  if (data === undefined) return event.startsWith(':');
  if (data === '[DONE]') {
    state.done = true;
    return false;
  }
  let parsed: Event;
  try {
    parsed = JSON.parse(data);
  } catch {
    state.failure = 'it sent an event that is not JSON';
    return false;
  }
  if (parsed.error !== undefined && parsed.error !== null) {
    state.failure = withoutKeys(messageOf(parsed.error), reading.key);
    return false;
  }
  const choices = parsed.choices ?? [];
  for (const choice of choices) {
    if (typeof choice.finish_reason === 'string') state.finished = true;
    if (!state.told && hasContent(choice)) reading.meter.completionTokens += 1;
  }
  if (takeUsage(parsed, reading.meter)) {
    state.told = true;
    return reading.includeUsage || choices.length > 0;
  }
  return true;
}

function hasContent(choice: { readonly text?: string; readonly delta?: object }): boolean {
  if (choice.text !== undefined) return choice.text !== '';
  const { content } = (choice.delta ?? {}) as { content?: string | null };
  if (typeof content === 'string' && content !== '') return true;
  return Object.entries(choice.delta ?? {}).some(
    ([key, value]) => key !== 'role' && value !== '' && value !== null,
  );
}

function messageOf(error: unknown): string {
  if (typeof error === 'string') return error;
  const { message } = (error ?? {}) as { message?: unknown };
  return typeof message === 'string' ? message : 'it told an error';
}

function broken(reading: StreamReading, reason: string) {
  return fault('llm.stream_broken', { provider: reading.provider, reason });
}
