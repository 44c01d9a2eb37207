import { fault } from '#base/fault.ts';
import type { Bill } from './accounting/accounting.ts';
import type { Attempts, InferenceCall, Opened, Opening } from './attempts.ts';
import { queueNotices } from './queue-notices.ts';
import type { Piece, PieceStream, QueueNotice, Whole } from './source.ts';

export interface Inference {
  whole(call: InferenceCall): Promise<{ readonly answer: Whole; readonly bill: Bill }>;
  /**
   * A fault of the first step came before any piece, and is one of the request as a whole; a later one means a broken
   * stream, or one that has only told the request's places in the queue. Whatever ends it, what was used is charged.
   */
  stream(call: InferenceCall): AsyncGenerator<Piece | QueueNotice, Bill, undefined>;
  /** As `stream`, but gives each piece to `take` as it comes: what costs least for many of them. */
  pour(call: InferenceCall, take: TakeAnything): Promise<Bill>;
}

/** Takes a piece, or a place in the queue; where it can't take more for now, until when. */
export type TakeAnything = (piece: Piece | QueueNotice) => Promise<void> | undefined;

interface Begun {
  readonly pieces: PieceStream;
  readonly first: IteratorResult<Piece, void>;
}

const beginning: Opening<Begun> = {
  async run(source, request, options) {
    const pieces = source.stream(request, options);
    return { pieces, first: await pieces.next() };
  },
  discard: async ({ pieces }) => void (await pieces.return(undefined)),
};

/** Requests to models: answered by the first candidate that can, and charged with what was used. */
export function createInference(attempts: Attempts): Inference {
  return {
    async whole(call) {
      const opened = await attempts.open(call, {
        run: (source, request, options) => source.whole(request, options),
        discard: () => Promise.resolve(),
      });
      try {
        return { answer: opened.value, bill: await opened.settle() };
      } finally {
        opened.close(call.signal.aborted ? call.signal.reason : undefined);
      }
    },
    async *stream(call) {
      const opened = yield* queueNotices(
        (onQueued) => attempts.open({ ...call, onQueued }, beginning),
        async ({ value, settle, close }) => {
          await value.pieces.return(undefined).catch(() => undefined);
          await settle();
          close(fault('common.cancelled'));
        },
      );
      const { pieces, first } = opened.value;
      const end = ending(opened);
      try {
        for (let step = first; step.done !== true; step = await pieces.next()) yield step.value;
        return await end.well();
      } catch (error) {
        end.failed(error);
        throw error;
      } finally {
        await end.whatever();
      }
    },
    async pour(call, take) {
      const opened = await attempts.open(
        { ...call, onQueued: (queued) => void take({ queued })?.catch(() => undefined) },
        beginning,
      );
      const { pieces, first } = opened.value;
      const end = ending(opened);
      try {
        let step = first;
        while (step.done !== true) {
          const wait = take(step.value);
          if (wait !== undefined) await wait;
          if (pieces.pour !== undefined) {
            await pieces.pour(take);
            break;
          }
          step = await pieces.next();
        }
        return await end.well();
      } catch (error) {
        end.failed(error);
        throw error;
      } finally {
        await end.whatever();
      }
    },
  };
}

/** The end of an answer that has begun: charged with what was used by then, whatever ended it. */
function ending(opened: Opened<Begun>) {
  let bill: Bill | undefined;
  let failure: unknown = fault('common.cancelled');
  opened.firstToken();
  return {
    async well(): Promise<Bill> {
      failure = undefined;
      bill = await opened.settle();
      return bill;
    },
    failed(error: unknown): void {
      failure = error;
    },
    async whatever(): Promise<void> {
      await opened.value.pieces.return(undefined).catch(() => undefined);
      try {
        if (bill === undefined) await opened.settle();
      } finally {
        opened.close(failure);
      }
    },
  };
}
