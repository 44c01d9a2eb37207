import type { QueueNotice, QueuePlace } from './source.ts';

/**
 * Yields the place in the queue whenever it changes, until `open` has ended, and returns what it opened. Where the
 * reader leaves before that, `leave` is called with what is opened nevertheless.
 * @throws what `open` throws
 */
export async function* queueNotices<Value>(
  open: (onQueued: (place: QueuePlace) => void) => Promise<Value>,
  leave: (value: Value) => Promise<void>,
): AsyncGenerator<QueueNotice, Value, undefined> {
  let latest: QueuePlace | undefined;
  let news = Promise.withResolvers<'news'>();
  const opening = open((place) => {
    latest = place;
    news.resolve('news');
  });
  const ended = opening.then(
    () => 'ended' as const,
    () => 'ended' as const,
  );
  let stays = false;
  try {
    while ((await Promise.race([ended, news.promise])) === 'news') {
      news = Promise.withResolvers();
      if (latest !== undefined) yield { queued: latest };
    }
    stays = true;
  } finally {
    if (!stays) await opening.then(leave).catch(() => undefined);
  }
  return opening;
}
