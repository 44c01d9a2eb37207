import { fault } from '#base/fault.ts';
import type { Bill } from './accounting/accounting.ts';
import type { Attempts, InferenceCall, Opening } from './attempts.ts';
import { queueNotices } from './queue-notices.ts';
import type { Piece, QueueNotice, Whole } from './source.ts';

export interface Inference {
  whole(call: InferenceCall): Promise<{ readonly answer: Whole; readonly bill: Bill }>;
  /**
   * A fault of the first step came before any piece, and is one of the request as a whole; a later one means a broken
   * stream, or one that has only told the request's places in the queue. Whatever ends it, what was used is charged.
   */
  stream(call: InferenceCall): AsyncGenerator<Piece | QueueNotice, Bill, undefined>;
}

interface Begun {
  readonly pieces: AsyncGenerator<Piece, void, undefined>;
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
      let bill: Bill | undefined;
      let failure: unknown = fault('common.cancelled');
      try {
        opened.firstToken();
        for (let step = first; step.done !== true; step = await pieces.next()) yield step.value;
        failure = undefined;
        bill = await opened.settle();
        return bill;
      } catch (error) {
        failure = error;
        throw error;
      } finally {
        await pieces.return(undefined).catch(() => undefined);
        try {
          if (bill === undefined) await opened.settle();
        } finally {
          opened.close(failure);
        }
      }
    },
  };
}
