import { readStored, writeStored } from './local-storage.ts';
import { createStore, useStore } from './store.ts';

/** Which regions are open and how large; the same in every project, remembered on this device. */
export interface Layout {
  readonly sidebarOpen: boolean;
  readonly sidebarWidthPx: number;
  readonly bottomOpen: boolean;
  readonly bottomHeightPx: number;
  readonly agentsOpen: boolean;
  readonly agentsWidthPx: number;
}

export const sidebarBounds = { least: 200, most: 480 } as const;
export const agentsBounds = { least: 320, most: 640 } as const;
export const bottomBounds = { least: 120, most: 560 } as const;

const key = 'cds.layout';
const initial: Layout = {
  sidebarOpen: true,
  sidebarWidthPx: 256,
  bottomOpen: true,
  bottomHeightPx: 188,
  agentsOpen: false,
  agentsWidthPx: 392,
};
const store = createStore<Layout>({ ...initial, ...readStored<Partial<Layout>>(key) });

export function changeLayout(change: Partial<Layout>): void {
  store.set((before) => ({ ...before, ...change }));
  writeStored(key, store.get());
}

export function currentLayout(): Layout {
  return store.get();
}

export function useLayout(): Layout {
  return useStore(store);
}
