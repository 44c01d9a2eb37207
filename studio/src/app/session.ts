import { queryOptions, useQuery } from '@tanstack/react-query';
import type { Result } from '../rpc/contracts.ts';
import { isRpcFault } from '../rpc/fault.ts';
import { rest } from '../rpc/http.ts';
import { queryClient } from './query-client.ts';

export type User = Result<'auth.me'>;

/** Who is signed in; null for nobody. */
export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: async (): Promise<User | null> => {
    try {
      return await rest<User>('GET', '/auth/me');
    } catch (error) {
      if (isRpcFault(error) && error.status === 401) return null;
      throw error;
    }
  },
  staleTime: 60_000,
});

export function useUser(): User | null | undefined {
  return useQuery(sessionQuery).data;
}

export async function signIn(credentials: { username: string; password: string }): Promise<void> {
  const { user } = await rest<{ user: User }>('POST', '/auth/login', credentials);
  queryClient.setQueryData(sessionQuery.queryKey, user);
}

export async function register(input: {
  username: string;
  password: string;
  inviteCode?: string;
}): Promise<void> {
  const { user } = await rest<{ user: User }>('POST', '/auth/register', input);
  queryClient.setQueryData(sessionQuery.queryKey, user);
}

export async function signOut(): Promise<void> {
  await rest<void>('POST', '/auth/logout', {}).catch(() => undefined);
  queryClient.clear();
  queryClient.setQueryData(sessionQuery.queryKey, null);
}
