import type { z } from 'zod';
import type * as shapes from './contract-shapes.ts';

export type Balance = z.output<typeof shapes.Balance>;
export type Budget = z.output<typeof shapes.Budget>;
export type HistoryEntry = z.output<typeof shapes.HistoryEntry>;
export type Reservation = z.output<typeof shapes.Reservation>;
export type Settlement = z.output<typeof shapes.Settlement>;
export type Usage = z.output<typeof shapes.Usage>;
