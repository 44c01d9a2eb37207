import { queryOptions, useQuery } from '@tanstack/react-query';
import { forgetDocuments, saveEverything } from '../features/workbench/document-store.ts';
import { text } from '../i18n/language.ts';
import { rpcConnection } from '../rpc/client.ts';
import type { Result } from '../rpc/contracts.ts';
import { isRpcFault } from '../rpc/fault.ts';
import { maybeSignedIn, rest } from '../rpc/http.ts';
import { readStored, writeStored } from '../ui/local-storage.ts';
import { toast, toastFault } from '../ui/toasts.tsx';
import { unsavedFiles } from './editor-status.ts';
import { countDrafts, forgetOffline } from './offline-copy.ts';
import { queryClient, sessionKey } from './query-client.ts';

export type User = Result<'auth.me'>;

/** Whose texts and copies lie on this device; it outlives the session, which may lapse before they are saved. */
const ownerKey = 'cds.owner';

/** Who is signed in; null for nobody. */
export const sessionQuery = queryOptions({
  queryKey: sessionKey,
  queryFn: async (): Promise<User | null> => {
    if (!maybeSignedIn()) return null;
    try {
      const user = await rest<User>('GET', '/auth/me');
      writeStored(ownerKey, user.id);
      return user;
    } catch (error) {
      if (isRpcFault(error) && error.status === 401) return null;
      throw error;
    }
  },
  staleTime: 60_000,
});

export function useSession() {
  return useQuery(sessionQuery);
}

/** The signed-in user. Only below the sign-in page. */
export function useUser(): User {
  const user = useSession().data;
  if (user === undefined || user === null) throw new Error('this view stands behind the sign-in');
  return user;
}

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export async function signIn(credentials: Credentials): Promise<void> {
  const { user } = await rest<{ user: User }>('POST', '/auth/login', credentials);
  await begin(user);
}

export async function register(input: Credentials & { inviteCode?: string }): Promise<void> {
  const { user } = await rest<{ user: User }>('POST', '/auth/register', input);
  await begin(user);
}

/**
 * Whoever signs in never sees what somebody else had loaded on this device; whose session had lapsed finds the texts
 * again that could not be saved.
 */
async function begin(user: User): Promise<void> {
  if (readStored<string>(ownerKey) !== user.id) {
    // The session's own query stays: the page follows it.
    const kept = new Set<unknown>(['auth.status', sessionKey[0]]);
    queryClient.removeQueries({ predicate: (query) => !kept.has(query.queryKey[0]) });
    forgetDocuments();
    await forgetOffline();
    writeStored(ownerKey, user.id);
  }
  queryClient.setQueryData(sessionKey, user);
  rpcConnection.start();
}

/** Ends the session; asks first when that would delete text that could not be saved. */
export async function signOut(): Promise<void> {
  await saveEverything();
  const count = Math.max(unsavedFiles.get().count, countDrafts());
  if (count === 0) return endSession();
  toast({
    title: text('shell:unsaved', { count }),
    detail: text('shell:signOutDeletes'),
    tone: 'bad',
    action: { label: text('shell:signOutAnyway'), run: () => void endSession().catch(toastFault) },
  });
}

/** Ends the session here and on the server, and forgets what was loaded. */
async function endSession(): Promise<void> {
  await rest<void>('POST', '/auth/logout', {});
  rpcConnection.stop();
  forgetDocuments();
  await forgetOffline();
  writeStored(ownerKey, null);
  queryClient.setQueryData(sessionKey, null);
  queryClient.removeQueries({ predicate: (query) => query.queryKey[0] !== sessionKey[0] });
}
