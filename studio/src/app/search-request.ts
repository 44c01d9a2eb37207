import { createStore } from '../ui/store.ts';

/** Counts how often somebody asked for the search field by keyboard: it takes the focus each time. */
export const searchRequests = createStore(0);
