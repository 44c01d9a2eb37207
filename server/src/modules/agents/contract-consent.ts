import { z } from 'zod';

export const ConsentKind = z.enum(['command', 'network', 'secret', 'guarded', 'server']);
export type ConsentKind = z.infer<typeof ConsentKind>;

/** `once` is for what was asked about; `task` for the same again until the task ends. */
export const ConsentDecision = z.enum(['once', 'task', 'no']);
export type ConsentDecision = z.infer<typeof ConsentDecision>;

/** What a task that waits needs its user's leave for. Without an answer it counts as refused at the time named. */
export const Consent = z.object({
  consentId: z.uuid(),
  kind: ConsentKind,
  /** Files, a command line, or a tool of a server. */
  subjects: z.array(z.string()),
  /** Whose words the agent has read so far that are not the user's. */
  sources: z.array(z.string()),
  choices: z.array(ConsentDecision),
  until: z.iso.datetime(),
});
export type Consent = z.infer<typeof Consent>;
