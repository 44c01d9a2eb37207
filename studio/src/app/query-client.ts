import { QueryClient } from '@tanstack/react-query';
import { isRpcFault } from '../rpc/fault.ts';

/** Refusals are final; only a server that is away is asked again, with growing pauses. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      retry: (count, error) => isRpcFault(error, 'studio.offline') && count < 5,
      retryDelay: (count) => Math.min(500 * 2 ** count, 8_000),
      refetchOnWindowFocus: false,
      staleTime: 5_000,
    },
  },
});
