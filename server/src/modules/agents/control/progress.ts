import { hash } from 'node:crypto';
import { fault } from '#base/fault.ts';
import { type Reason, reason } from '../reasons/reason.ts';
import type { ToolCall } from './model.ts';

/** Watches whether a conversation gets anywhere. Each method throws agents.stuck when it does not. */
export interface Progress {
  /** Before a call runs: the same call over and over, with nothing changed in between. */
  asked(call: ToolCall): void;
  /** After it: the same call with the same result, whatever was done in between, goes in circles. */
  answered(
    call: ToolCall,
    result: { readonly text: string; readonly changed: boolean; readonly refused?: Reason },
  ): void;
  /** It spoke and called nothing. */
  silent(): void;
}

const mostRepeats = 3;
const mostCircles = 5;
const mostSilent = 3;
const mostBarren = 8;

/** Programs tell how long they took; that alone is no new result. */
const durations = /\d+\.\d+|\d+\s?m?s\b|[0-9a-f]{12}/g;

export function createProgress(): Progress {
  const sinceChange = new Map<string, number>();
  const ever = new Map<string, number>();
  let silentInRow = 0;
  let barrenInRow = 0;
  const keyOf = ({ name, arguments: input }: ToolCall) => `${name} ${input}`;

  function count(map: Map<string, number>, key: string): number {
    const times = (map.get(key) ?? 0) + 1;
    map.set(key, times);
    return times;
  }

  return {
    asked(call) {
      silentInRow = 0;
      if (count(sinceChange, keyOf(call)) > mostRepeats)
        throw stuck(reason('call_repeated', { tool: call.name }));
    },
    answered(call, { text, changed, refused }) {
      const times = count(ever, `${keyOf(call)} ${hash('sha256', text.replaceAll(durations, '#'), 'hex')}`);
      if (times > mostCircles) throw stuck(reason('call_circles', { tool: call.name }));
      // What changed since makes the same call a new one.
      if (changed) sinceChange.clear();
      barrenInRow = times === 1 && refused === undefined ? 0 : barrenInRow + 1;
      if (barrenInRow >= mostBarren) throw stuck(reason('calls_barren', { count: mostBarren }));
    },
    silent() {
      silentInRow += 1;
      if (silentInRow >= mostSilent) throw stuck(reason('calls_missing'));
    },
  };
}

function stuck(why: Reason): Error {
  return fault('agents.stuck', { reason: why });
}
