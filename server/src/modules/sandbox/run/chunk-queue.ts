/**
 * Hands chunks from a program that gives them at its pace to a reader that takes them at its own. The giver is told when
 * more is waiting than should, and is called once the reader has caught up.
 */
export function createChunkQueue<Chunk>(options: {
  readonly highWaterBytes: number;
  readonly onDrained: () => void;
}) {
  const waiting: { readonly chunk: Chunk; readonly bytes: number }[] = [];
  let waitingBytes = 0;
  let held = false;
  let ended = false;
  let wake: (() => void) | null = null;

  function notify(): void {
    wake?.();
    wake = null;
  }

  return {
    /** False when the giver should hold back. */
    push(chunk: Chunk, bytes: number): boolean {
      waiting.push({ chunk, bytes });
      waitingBytes += bytes;
      notify();
      held = waitingBytes >= options.highWaterBytes;
      return !held;
    },
    end(): void {
      ended = true;
      notify();
    },
    async *drain(): AsyncGenerator<Chunk, void, undefined> {
      for (;;) {
        const next = waiting.shift();
        if (next !== undefined) {
          waitingBytes -= next.bytes;
          if (held && waitingBytes < options.highWaterBytes / 2) {
            held = false;
            options.onDrained();
          }
          yield next.chunk;
        } else if (ended) return;
        else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    },
  };
}
