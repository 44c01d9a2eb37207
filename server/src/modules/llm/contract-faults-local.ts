import type { FaultDefinitions } from '#base/fault.ts';

/** Faults that only models on this machine have; the others are in `contract-faults.ts`. */
export const localModelFaults = {
  'llm.prompt_rejected': {
    status: 400,
    detail: {
      en: 'The chat template of {model} refuses these messages: {reason}.',
      de: 'Die Chat-Vorlage von {model} lehnt diese Nachrichten ab: {reason}.',
    },
    hint: {
      en: 'Check the order and the roles of the messages.',
      de: 'Prüfen Sie Reihenfolge und Rollen der Nachrichten.',
    },
  },
} as const satisfies FaultDefinitions;
