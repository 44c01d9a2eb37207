import { fault } from '#base/fault.ts';

const carriageReturn = 0x0d;
const boundary = Buffer.from('\n\n');

/**
 * Cuts a byte stream of server-sent events (HTML Living Standard, section 9.2) at the ends of events, wherever the
 * network cut it. What it returns are whole events. CR is dropped everywhere: JSON text has none.
 * @throws llm.stream_broken for an event of more than `maxEventBytes`
 */
export function createEventSplitter(provider: string, maxEventBytes: number) {
  let rest: Buffer = Buffer.alloc(0);
  return {
    push(chunk: Buffer): Buffer | undefined {
      const clean = chunk.includes(carriageReturn) ? chunk.filter((byte) => byte !== carriageReturn) : chunk;
      const all =
        rest.length === 0
          ? Buffer.from(clean.buffer, clean.byteOffset, clean.length)
          : Buffer.concat([rest, clean]);
      const end = all.lastIndexOf(boundary);
      if (end === -1) {
        if (all.length > maxEventBytes) {
          throw fault('llm.stream_broken', {
            provider,
            reason: `an event of more than ${maxEventBytes} bytes`,
          });
        }
        rest = all;
        return undefined;
      }
      rest = all.subarray(end + 2);
      return all.subarray(0, end + 2);
    },
    /** What came without the empty line that ends an event. */
    remainder: (): Buffer => rest,
  };
}

/** The data of one event's lines; undefined for comments and events without data. */
export function dataOf(event: string): string | undefined {
  if (event.startsWith('data: ') && !event.includes('\n')) return event.slice(6);
  const lines = event
    .split('\n')
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice(line.startsWith('data: ') ? 6 : 5));
  return lines.length === 0 ? undefined : lines.join('\n');
}
