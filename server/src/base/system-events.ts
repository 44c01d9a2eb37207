import { z } from 'zod';
import type { EventDefinitions } from './contract.ts';

const SystemReport = z.object({
  /** The part that reports, such as `events` or `registry`. */
  source: z.string(),
  /** Which report it is; its text stands with whoever shows it. */
  code: z.string(),
  data: z.record(z.string(), z.unknown()).default({}),
});

/** What parts report about the platform's own state, for administrators, health and healing. */
export const systemEvents = {
  'system.error': {
    summary: 'Something failed and needs attention',
    payload: SystemReport,
    durable: true,
  },
  'system.warning': {
    summary: 'Something will fail if nobody looks at it',
    payload: SystemReport,
    durable: true,
  },
  'system.info': {
    summary: 'Something worth knowing happened',
    payload: SystemReport,
    durable: false,
  },
} as const satisfies EventDefinitions;
