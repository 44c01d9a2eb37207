import type { FaultDefinitions } from '#base/fault.ts';

/** How the search.* methods fail. */
export const searchFaults = {
  'search.pattern_invalid': {
    status: 400,
    detail: {
      en: 'The pattern is not valid: {reason}.',
      de: 'Das Muster ist ungültig: {reason}.',
    },
    hint: {
      en: 'Correct it, or search for the text itself with mode "exact".',
      de: 'Berichtigen Sie es oder suchen Sie mit mode "exact" nach dem Text selbst.',
    },
  },
  'search.timeout': {
    status: 504,
    detail: {
      en: 'The search took longer than {timeoutMs} ms and was ended.',
      de: 'Die Suche dauerte länger als {timeoutMs} ms und wurde beendet.',
    },
    hint: {
      en: 'Use a simpler pattern, or name folders in include.',
      de: 'Verwenden Sie ein einfacheres Muster oder grenzen Sie die Ordner mit include ein.',
    },
  },
  'search.busy': {
    status: 429,
    detail: {
      en: 'Too many searches run at the same time.',
      de: 'Zu viele Suchen laufen gleichzeitig.',
    },
    hint: { en: 'Try again in a second.', de: 'Versuchen Sie es in einer Sekunde erneut.' },
  },
} as const satisfies FaultDefinitions;
