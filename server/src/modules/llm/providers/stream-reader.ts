import { fault } from '#base/fault.ts';
import type { Meter } from '../accounting/meter.ts';
import { createEventSplitter, dataOf } from './event-splitter.ts';
import { createEventTemplate } from './event-template.ts';
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

/** What a provider's stream says, read as it comes. */
export interface StreamReader {
  /**
   * Reads what has come, and returns the events in it that are for the client, byte for byte.
   * @throws llm.stream_broken for an event without end
   */
  push(part: Buffer): Buffer | undefined;
  /** `[DONE]` was seen: nothing that follows is of interest. */
  readonly done: boolean;
  /** What went wrong: the provider told an error, or what is not JSON. Nothing that follows is of interest. */
  readonly failure: Error | undefined;
  /** Must be called at the body's end. @throws llm.stream_broken when that is not the answer's end */
  end(): void;
}

interface Event {
  readonly choices?: readonly Choice[];
  readonly usage?: unknown;
  readonly error?: unknown;
}

interface Choice {
  readonly finish_reason?: string | null;
  readonly text?: string;
  readonly delta?: object;
}

/** More than a token has on average in any language: where an event is one token each, the events are what counts. */
const bytesPerToken = 6;

/**
 * Reads a provider's events: usage wherever it is split, errors in the middle, whether the answer came to its end. Until
 * a provider tells its count, each event with text counts as a token, or as several where it holds as much: that is
 * what an aborted answer is charged. Events that differ from an earlier one in their text alone are not parsed.
 */
export function createStreamReader(reading: StreamReading): StreamReader {
  const { meter } = reading;
  const splitter = createEventSplitter(reading.provider, reading.maxEventBytes);
  const template = createEventTemplate();
  let finished = false;
  let done = false;
  let failure: Error | undefined;
  let toldTokens = 0;
  let events = 0;
  let textBytes = 0;

  function count(bytes: number): void {
    events += 1;
    textBytes += bytes;
    meter.completionTokens = toldTokens + Math.max(events, Math.ceil(textBytes / bytesPerToken));
  }

  /** `plain`: for the client, and it told nothing but text of one answer. */
  function judge(event: string): 'drop' | 'pass' | 'plain' {
    const data = dataOf(event);
    if (data === undefined) return event.startsWith(':') ? 'pass' : 'drop';
    if (data === '[DONE]') {
      done = true;
      return 'drop';
    }
    let parsed: Event;
    try {
      parsed = JSON.parse(data);
    } catch {
      failure = broken(reading, 'it sent an event that is not JSON');
      return 'drop';
    }
    if (parsed.error !== undefined && parsed.error !== null) {
      failure = broken(reading, withoutKeys(messageOf(parsed.error), reading.key));
      return 'drop';
    }
    const choices = parsed.choices ?? [];
    let ended = false;
    for (const choice of choices) {
      if (typeof choice.finish_reason === 'string') ended = true;
      const bytes = textBytesOf(choice);
      if (bytes > 0) count(bytes);
    }
    if (ended) finished = true;
    if (takeUsage(parsed, meter) !== 'none') {
      toldTokens = meter.completionTokens;
      events = 0;
      textBytes = 0;
      return reading.includeUsage || choices.length > 0 ? 'pass' : 'drop';
    }
    return ended || choices.length !== 1 ? 'pass' : 'plain';
  }

  /** Looks at each event of a block; its text is in Latin-1, so that places in it are places in the bytes. */
  function inspect(block: Buffer): Buffer {
    const text = block.toString('latin1');
    let kept: Buffer[] | undefined;
    let passedTo = 0;
    for (let from = 0; from < text.length && !done && failure === undefined; ) {
      const end = text.indexOf('\n\n', from);
      const known = template.textBytes(text, { from, end });
      if (known > 0) count(known);
      else {
        const event = block.toString('utf8', from, end);
        const verdict = judge(event);
        if (verdict === 'plain') template.learn(text, { from, end, event });
        if (verdict === 'drop') {
          kept ??= [];
          if (from > passedTo) kept.push(block.subarray(passedTo, from));
          passedTo = end + 2;
        }
      }
      from = end + 2;
    }
    if (kept === undefined) return block;
    if (!done && failure === undefined && passedTo < block.length) kept.push(block.subarray(passedTo));
    return kept.length === 1 && kept[0] !== undefined ? kept[0] : Buffer.concat(kept);
  }

  return {
    push(part) {
      const block = splitter.push(part);
      if (block === undefined) return undefined;
      const passed = inspect(block);
      return passed.length > 0 ? passed : undefined;
    },
    get done() {
      return done;
    },
    get failure() {
      return failure;
    },
    end() {
      if (splitter.remainder().length > 0) throw broken(reading, 'it ended within an event');
      if (!finished) throw broken(reading, 'it ended before the answer did');
    },
  };
}

/** Bytes of text, of arguments or of whatever else a model has written into a choice. */
function textBytesOf({ text, delta = {} }: Choice): number {
  if (text !== undefined) return Buffer.byteLength(text);
  let bytes = 0;
  for (const [key, value] of Object.entries(delta)) {
    if (key === 'role' || value === '' || value === null) continue;
    bytes += Buffer.byteLength(typeof value === 'string' ? value : JSON.stringify(value));
  }
  return bytes;
}

function messageOf(error: unknown): string {
  if (typeof error === 'string') return error;
  const { message } = (error ?? {}) as { message?: unknown };
  return typeof message === 'string' ? message : 'it told an error';
}

function broken(reading: StreamReading, reason: string) {
  return fault('llm.stream_broken', { provider: reading.provider, reason });
}
