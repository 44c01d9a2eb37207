import { fileURLToPath } from 'node:url';
import type { Platform } from '#kernel/platform.ts';

export interface RunningProcess extends AsyncDisposable {
  readonly platform: Platform;
  /** Addresses by service name. */
  readonly urls: ReadonlyMap<string, string>;
}

/** Where the built studio lies. */
export const studioFolder = fileURLToPath(new URL('../../../studio/dist/', import.meta.url));

/** What has started, kept when the function that started it returns. */
export function finish(
  startup: AsyncDisposableStack,
  platform: Platform,
  urls: ReadonlyMap<string, string>,
): RunningProcess {
  const stack = startup.move();
  return { platform, urls, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}
