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
  'llm.answer_invalid': {
    status: 502,
    detail: {
      en: 'The answer of {model} does not match the schema: {reason}.',
      de: 'Die Antwort von {model} entspricht nicht dem Schema: {reason}.',
    },
    hint: {
      en: 'Send the request again, or make the alternatives of the schema distinct.',
      de: 'Senden Sie die Anfrage noch einmal oder machen Sie die Alternativen des Schemas eindeutig.',
    },
  },
} as const satisfies FaultDefinitions;
