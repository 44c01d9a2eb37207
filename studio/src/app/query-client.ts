import { QueryCache, QueryClient } from '@tanstack/react-query';
import { isOffline, isRpcFault } from '../rpc/fault.ts';

export const sessionKey = ['session'] as const;

/**
 * What was read from the server. Refusals are final; only a server that is away is asked again, with growing
 * pauses. A refusal for want of a sign-in shows the sign-in page and keeps the address.
 */
export const queryClient: QueryClient = new QueryClient({
  queryCache: new QueryCache({
    onError: (error) => {
      if (isRpcFault(error) && error.status === 401) queryClient.setQueryData(sessionKey, null);
    },
  }),
  defaultOptions: {
    queries: {
      networkMode: 'always',
      retry: (count, error) => isOffline(error) && count < 6,
      retryDelay: (count) => Math.min(500 * 2 ** count, 15_000),
      refetchOnWindowFocus: false,
      staleTime: 5_000,
      gcTime: 30 * 60_000,
    },
  },
});
