import type { Writing } from '../contract-shapes.ts';
import type { AnswerPart } from './answer-stream.ts';

/** What a task's model is writing, for those who look at it now. */
export interface LiveText {
  /** A new answer begins; whatever was written before is over. */
  begin(form: Writing['form']): LiveAnswer;
  /** The log has a new step, after which the next answer comes. */
  stepped(sequence: number): void;
  /** Somebody looks, for a while from now on; `whole` asks for what was written of the answer so far. */
  looked(whole: boolean): void;
  /** Ends what is under way, with its timer. */
  stop(): void;
}

export interface LiveAnswer {
  add(part: AnswerPart): void;
  end(): void;
}

export type Piece = Omit<Writing, 'kind'>;

/** Faster than anybody reads, and slow enough for events between processes. */
const pauseMs = 80;
/** NOTIFY takes less than 8,000 bytes: most pieces go in one message. */
const pieceCharacters = 2_000;
/** Of a long answer, how much its end those get who come late. */
const keptCharacters = 16_000;
/** Watchers say that they still look more often than this. */
const lookMs = 30_000;

/**
 * Gathers what comes within 80 ms into one piece, and tells it only while somebody looks. Nothing is kept beyond the
 * answer, and of that its last 16,000 characters: the log holds the whole of it afterwards.
 */
export function createLiveText(parts: {
  readonly tell: (piece: Piece) => void;
  readonly now: () => number;
}): LiveText {
  const { tell, now } = parts;
  let after = 0;
  let lookedUntilMs = 0;
  let answer: { readonly form: Writing['form']; text: string; start: number; tool: Writing['tool'] } | null =
    null;
  /** Characters of the answer that were told. */
  let told = 0;
  let toldTool: Writing['tool'] = null;
  let timer: NodeJS.Timeout | undefined;

  function stop(): void {
    clearTimeout(timer);
    timer = undefined;
    answer = null;
  }

  /** Tells the answer from a place on. */
  function tellFrom(place: number): void {
    if (answer === null) return;
    const { form, text, start, tool } = answer;
    let from = Math.max(place, start);
    do {
      const piece = text.slice(from - start, from - start + pieceCharacters);
      tell({ after, from, text: piece, form, tool });
      from += piece.length;
    } while (from < start + text.length);
    told = from;
    toldTool = tool;
  }

  function tellNews(): void {
    if (answer === null || now() >= lookedUntilMs) return;
    if (told < answer.start + answer.text.length || answer.tool !== toldTool) tellFrom(told);
  }

  return {
    stop,
    stepped(sequence) {
      after = sequence;
    },
    looked(whole) {
      lookedUntilMs = now() + lookMs;
      if (whole && answer !== null && (answer.text !== '' || answer.tool !== null)) tellFrom(0);
    },
    begin(form) {
      stop();
      told = 0;
      toldTool = null;
      const own = { form, text: '', start: 0, tool: null as Writing['tool'] };
      answer = own;
      return {
        add({ text, tool }) {
          if (answer !== own) return;
          own.text += text;
          own.tool = tool === null ? own.tool : { ...tool, name: tool.name.slice(0, 200) };
          if (own.text.length > 2 * keptCharacters) {
            own.start += own.text.length - keptCharacters;
            own.text = own.text.slice(-keptCharacters);
          }
          timer ??= setTimeout(() => {
            timer = undefined;
            tellNews();
          }, pauseMs);
        },
        end() {
          if (answer === own) stop();
        },
      };
    },
  };
}
