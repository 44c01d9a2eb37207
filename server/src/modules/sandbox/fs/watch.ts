import { isFault } from '#base/fault.ts';
import type { Workspace } from '#kernel/files/workspace.ts';
import { parseWorkspacePath } from '#kernel/files/workspace-path.ts';
import type { Change, ChangeBatch, WatchHub } from './watch-hub.ts';

/** How soon a watch ends after its reader has lost access to the project. */
const recheckMs = 3_000;
const maxWaiting = 1_000;

export interface WatchRequest {
  readonly hub: WatchHub;
  /** Checks access, and tells where the workspace is. */
  readonly open: () => Promise<Workspace>;
  /** Only changes at or below this path are told. */
  readonly path: string;
  readonly skip: readonly string[];
  /** Each of them ends the watch. */
  readonly signals: readonly AbortSignal[];
}

export interface WatchChunk {
  readonly changes: Change[];
  readonly overflow: boolean;
}

export interface WatchEnd {
  readonly reason: 'folder_gone' | 'access_lost' | 'stopped';
}

/**
 * Streams changes of a workspace. What a slow reader has not taken yet is kept once per path, and beyond 1000 paths
 * becomes an overflow: memory stays bounded whatever happens in the workspace.
 */
export async function* watchWorkspace(
  request: WatchRequest,
): AsyncGenerator<WatchChunk, WatchEnd, undefined> {
  const workspace = await request.open();
  parseWorkspacePath(request.path, workspace.limits);
  const inbox = new Inbox(request.path);
  using subscription = await request.hub.subscribe(workspace.workspacePath, request.skip, (batch) =>
    inbox.put(batch),
  );
  void subscription;
  const ended = AbortSignal.any([...request.signals]);
  yield { changes: [], overflow: false };
  let checkedAtMs = performance.now();
  for (;;) {
    const waited = await inbox.wait(ended, recheckMs);
    if (waited === 'stopped') return { reason: 'stopped' };
    if (waited === 'gone') return { reason: 'folder_gone' };
    // Also while changes keep coming: who was removed from the project sees no more of them.
    if (waited === 'idle' || performance.now() - checkedAtMs >= recheckMs) {
      if (!(await hasAccess(request.open))) return { reason: 'access_lost' };
      checkedAtMs = performance.now();
    }
    if (waited === 'ready') yield inbox.take();
  }
}

async function hasAccess(open: () => Promise<Workspace>): Promise<boolean> {
  try {
    await open();
    return true;
  } catch (error) {
    if (isFault(error)) return false;
    throw error;
  }
}

class Inbox {
  readonly #path: string;
  readonly #waiting = new Map<string, Change>();
  #overflow = false;
  #gone = false;
  #wake: (() => void) | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  put(batch: ChangeBatch): void {
    this.#gone ||= batch.gone;
    this.#overflow ||= batch.overflow;
    for (const change of batch.changes) {
      if (this.#path !== '' && change.path !== this.#path && !change.path.startsWith(`${this.#path}/`))
        continue;
      if (this.#waiting.size >= maxWaiting && !this.#waiting.has(change.path)) this.#overflow = true;
      else this.#waiting.set(change.path, merge(this.#waiting.get(change.path), change));
    }
    this.#wake?.();
  }

  take(): WatchChunk {
    const changes = [...this.#waiting.values()];
    const overflow = this.#overflow;
    this.#waiting.clear();
    this.#overflow = false;
    return { changes, overflow };
  }

  async wait(ended: AbortSignal, idleMs: number): Promise<'ready' | 'gone' | 'stopped' | 'idle'> {
    const state = () => {
      if (ended.aborted) return 'stopped';
      if (this.#waiting.size > 0 || this.#overflow) return 'ready';
      return this.#gone ? 'gone' : undefined;
    };
    const now = state();
    if (now !== undefined) return now;
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        ended.removeEventListener('abort', done);
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(done, idleMs);
      ended.addEventListener('abort', done, { once: true });
      this.#wake = done;
    });
    return state() ?? 'idle';
  }
}

/** What two changes of one path amount to for who has seen neither. */
function merge(before: Change | undefined, after: Change): Change {
  if (before?.change === 'created' && after.change === 'changed') return { ...after, change: 'created' };
  if (before?.change === 'deleted' && after.change === 'created') return { ...after, change: 'changed' };
  return after;
}
