import type { IncomingMessage, ServerResponse } from 'node:http';

/** Writes the events of one answer. */
export interface EventWriter {
  /** False when the client is behind and `drain` should be awaited. */
  write(events: Buffer | string): boolean;
  end(events: string, trailers: readonly (readonly [name: string, value: string])[]): void;
}

/**
 * The head of a stream of events, names and values in turn. Trailers exist since HTTP/1.1 only; Node refuses to send a
 * head that announces them to anybody else, such as a proxy that speaks HTTP/1.0 to its servers.
 */
export function streamHeaders(request: IncomingMessage, trailerNames: string): string[] {
  const headers = ['content-type', 'text/event-stream; charset=utf-8', 'cache-control', 'no-store'];
  // nginx and its kin would hold the events back.
  headers.push('x-accel-buffering', 'no');
  if (request.httpVersion !== '1.0') headers.push('trailer', trailerNames);
  return headers;
}

const lineEnd = '\r\n';

/**
 * Writes to an answer whose head is sent, each piece as one chunk (RFC 9112, section 7.1) in one buffer. Node itself
 * hands a chunk to the system in four parts, which costs a short event a third of its processor time. Where the head
 * says that there are no chunks, as to a client of HTTP/1.0, pieces go as they are and trailers nowhere.
 */
export function createEventWriter(raw: ServerResponse): EventWriter {
  if (!raw.chunkedEncoding) {
    return { write: (events) => raw.write(events), end: (events) => void raw.end(events) };
  }
  raw.chunkedEncoding = false;
  return {
    write: (events) => raw.write(chunkOf(events)),
    end(events, trailers) {
      const fields = trailers.map(([name, value]) => `${name}: ${value}${lineEnd}`).join('');
      raw.end(Buffer.concat([chunkOf(events), Buffer.from(`0${lineEnd}${fields}${lineEnd}`, 'latin1')]));
    },
  };
}

function chunkOf(events: Buffer | string): Buffer {
  const sizeBytes = typeof events === 'string' ? Buffer.byteLength(events) : events.length;
  const head = sizeBytes.toString(16) + lineEnd;
  const chunk = Buffer.allocUnsafe(head.length + sizeBytes + lineEnd.length);
  chunk.write(head, 0, 'latin1');
  if (typeof events === 'string') chunk.write(events, head.length, 'utf8');
  else chunk.set(events, head.length);
  chunk.write(lineEnd, head.length + sizeBytes, 'latin1');
  return chunk;
}
