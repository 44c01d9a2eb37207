import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Database } from '../database/database.ts';
import type { EventTransport } from './transport.ts';

const channel = 'cds_event';
/** NOTIFY refuses 8,000 bytes and more. */
const longestPayloadBytes = 7_900;
const mostWaiting = 10_000;
const mostInOneStatement = 200;
const retryMs = 1_000;

/**
 * LISTEN/NOTIFY of the common database. Longer messages lie in kernel.event_overflow for a minute, and their id
 * is sent. Messages that collect while a statement is under way go out together.
 */
export function createPostgresTransport(options: { database: Database; log: Logger }): EventTransport {
  const { database, log } = options;
  let waiting: string[] = [];
  let sending: Promise<void> | undefined;
  let failing = false;
  let closed = false;
  let listener: AsyncDisposable | undefined;
  let retry: NodeJS.Timeout | undefined;

  async function sendAll(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, mostInOneStatement);
      await sendBatch(database, batch);
      waiting = waiting.slice(batch.length);
      failing = false;
    }
  }

  function flush(): void {
    if (sending !== undefined || closed) return;
    sending = sendAll()
      .catch((error: unknown) => {
        if (!failing) log.warn({ err: error }, 'other processes cannot be told of events; trying again');
        failing = true;
        retry = setTimeout(flush, retryMs).unref();
      })
      .finally(() => {
        sending = undefined;
        if (waiting.length > 0 && !failing) flush();
      });
  }

  async function fetchLong(id: string, onMessage: (message: string) => void): Promise<void> {
    const [row] = await database.query<{ message: string }>({
      name: 'kernel-event-overflow',
      text: 'select message from kernel.event_overflow where id = $1',
      values: [id],
    });
    if (row !== undefined) onMessage(row.message);
  }

  return {
    async start(onMessage, onGap) {
      const receive = (payload: string) => {
        if (!payload.startsWith('@')) return onMessage(payload);
        fetchLong(payload.slice(1), onMessage).catch((error: unknown) =>
          log.warn({ err: error }, 'a long message between processes was lost'),
        );
      };
      listener = await database.listen(channel, receive, onGap);
    },
    send(message) {
      if (closed) return;
      if (waiting.length >= mostWaiting) waiting.shift();
      waiting.push(message);
      if (!failing) flush();
    },
    async [Symbol.asyncDispose]() {
      await sending;
      closed = true;
      clearTimeout(retry);
      await listener?.[Symbol.asyncDispose]();
    },
  };
}

async function sendBatch(database: Database, messages: readonly string[]): Promise<void> {
  const long = new Map<string, string>();
  const payloads = messages.map((message) => {
    if (Buffer.byteLength(message) <= longestPayloadBytes) return message;
    const id = randomUUID();
    long.set(id, message);
    return `@${id}`;
  });
  if (long.size > 0) {
    await database.execute({
      text: `insert into kernel.event_overflow (id, message) select * from unnest($1::uuid[], $2::text[])`,
      values: [[...long.keys()], [...long.values()]],
    });
    await database.execute({
      text: `delete from kernel.event_overflow where created_at < now() - interval '1 minute'`,
    });
  }
  await database.query({
    name: 'kernel-event-notify',
    text: `select pg_notify('${channel}', payload) from unnest($1::text[]) as payload`,
    values: [payloads],
  });
}
