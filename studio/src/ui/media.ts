import { useSyncExternalStore } from 'react';

function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (listener) => {
      const list = matchMedia(query);
      list.addEventListener('change', listener);
      return () => list.removeEventListener('change', listener);
    },
    () => matchMedia(query).matches,
  );
}

/** Below this width the phone layout takes over. */
export function usePhone(): boolean {
  return useMedia('(max-width: 720px)');
}

/** Below this width the sidebar is a drawer. */
export function useNarrow(): boolean {
  return useMedia('(max-width: 960px)');
}

/** Below this width the agents have a view of their own instead of a panel beside the editor. */
export function useMedium(): boolean {
  return useMedia('(max-width: 1180px)');
}
