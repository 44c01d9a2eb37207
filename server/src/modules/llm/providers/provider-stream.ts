import type { Piece, PieceStream, TakePiece } from '../source.ts';
import type { ExchangeBody } from './exchange.ts';
import type { StreamReader } from './stream-reader.ts';

export interface ProviderStreamDeps {
  /** Asks the provider; with the first piece that is wanted. */
  readonly open: () => Promise<{ readonly body: ExchangeBody; readonly reader: StreamReader }>;
  /** What went wrong, in the platform's terms. */
  readonly failureOf: (error: unknown) => unknown;
}

const ended: IteratorResult<Piece, void> = { done: true, value: undefined };

/** A provider's answer as pieces: whole events as they came, until its end or what broke it. */
export function createProviderStream({ open, failureOf }: ProviderStreamDeps): PieceStream {
  let opened: Awaited<ReturnType<typeof open>> | undefined;
  let over = false;

  function finish(): void {
    over = true;
    opened?.body.destroy();
  }

  /** Whether the answer ended with what was read. @throws what broke it */
  function isOver({ reader }: { readonly reader: StreamReader }): boolean {
    if (reader.failure !== undefined) throw reader.failure;
    return reader.done;
  }

  async function read(): Promise<Buffer | undefined> {
    opened ??= await open();
    while (!isOver(opened)) {
      const part = await opened.body.next();
      if (part === undefined) {
        // What came with the last part and broke it was told with that.
        opened.reader.end();
        return undefined;
      }
      const events = opened.reader.push(part);
      if (events !== undefined) return events;
    }
    return undefined;
  }

  return {
    async next() {
      if (over) return ended;
      try {
        const events = await read();
        if (events !== undefined) return { done: false, value: { events } };
        finish();
        return ended;
      } catch (error) {
        finish();
        throw failureOf(error);
      }
    },
    async return() {
      finish();
      return ended;
    },
    async pour(take: TakePiece) {
      if (over) return;
      try {
        opened ??= await open();
        const { body, reader } = opened;
        if (!isOver(opened)) {
          await body.pour((part) => {
            const events = reader.push(part);
            const wait = events === undefined ? undefined : take({ events });
            return reader.done || reader.failure !== undefined ? 'enough' : wait;
          });
          if (!isOver(opened)) reader.end();
        }
        finish();
      } catch (error) {
        finish();
        throw failureOf(error);
      }
    },
  };
}
