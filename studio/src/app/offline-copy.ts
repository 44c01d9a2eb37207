import { dehydrate, hydrate, type Query } from '@tanstack/react-query';
import { queryClient } from './query-client.ts';

/**
 * A copy of what was read last, in IndexedDB, so that the studio opens with it while the server is away. It holds
 * what the signed-in person saw, and is deleted when they sign out.
 */

const databaseName = 'cds-offline';
const storeName = 'copies';
const queriesKey = 'queries';
const kept = new Set(['session', 'projects', 'project', 'templates', 'engines', 'file']);
const saveAfterMs = 1_500;

function openDatabase(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(databaseName, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(storeName);
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
  });
}

async function withStore<Value>(
  mode: IDBTransactionMode,
  work: (store: IDBObjectStore) => IDBRequest<Value>,
): Promise<Value> {
  const database = await openDatabase();
  try {
    return await new Promise<Value>((resolve, reject) => {
      const request = work(database.transaction(storeName, mode).objectStore(storeName));
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  } finally {
    database.close();
  }
}

function isKept(query: Query): boolean {
  return query.state.status === 'success' && kept.has(String(query.queryKey[0]));
}

/** Fills the cache with the copy of the last visit; without one, or without IndexedDB, nothing happens. */
export async function loadOfflineCopy(): Promise<void> {
  try {
    const copy = await withStore('readonly', (store) => store.get(queriesKey));
    if (copy !== undefined) hydrate(queryClient, copy);
  } catch {
    // A browser without storage (private window): the studio works, only not offline.
  }
}

/** Saves a copy a moment after something was read. */
export function keepOfflineCopy(): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  queryClient.getQueryCache().subscribe((event) => {
    if (event.type !== 'updated' || event.action.type !== 'success' || !isKept(event.query)) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      const copy = dehydrate(queryClient, { shouldDehydrateQuery: isKept });
      withStore('readwrite', (store) => store.put(copy, queriesKey)).catch(() => undefined);
    }, saveAfterMs);
  });
}

/** How many files have text on this device that never reached the server, open or not. */
export function countDrafts(): number {
  return Object.keys(localStorage).filter((key) => key.startsWith('cds.draft.')).length;
}

/** Deletes the copy and every draft: on signing out, and when somebody else signs in. */
export async function forgetOffline(): Promise<void> {
  for (const key of Object.keys(localStorage)) {
    if (key.startsWith('cds.tabs.') || key.startsWith('cds.draft.')) localStorage.removeItem(key);
  }
  await withStore('readwrite', (store) => store.clear()).catch(() => undefined);
}
