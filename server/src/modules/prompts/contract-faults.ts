import type { FaultDefinitions } from '#base/fault.ts';

/** How the prompt.* methods fail. */
export const promptFaults = {
  'prompts.unknown': {
    status: 404,
    detail: { en: 'There is no prompt {promptId}.', de: 'Einen Prompt {promptId} gibt es nicht.' },
    hint: { en: 'prompt.list shows all of them.', de: 'prompt.list zeigt alle.' },
  },
  'prompts.variable_invalid': {
    status: 400,
    detail: {
      en: 'The variable {variable} is not valid: {reason}.',
      de: 'Die Variable {variable} ist ungültig: {reason}.',
    },
    hint: {
      en: 'prompt.list tells the type of each variable.',
      de: 'prompt.list nennt den Typ jeder Variablen.',
    },
  },
  'prompts.definition_invalid': {
    status: 400,
    detail: {
      en: 'The prompt file is not valid (line {line}): {reason}.',
      de: 'Die Prompt-Datei ist ungültig (Zeile {line}): {reason}.',
    },
    hint: {
      en: 'Correct it, then check it with: npx cds prompts test',
      de: 'Korrigieren Sie sie und prüfen Sie sie mit: npx cds prompts test',
    },
  },
  'prompts.exists': {
    status: 409,
    detail: {
      en: 'There is a prompt {promptId} already.',
      de: 'Einen Prompt {promptId} gibt es bereits.',
    },
    hint: {
      en: 'Choose another id, or import with overwrite if it is the project’s own.',
      de: 'Wählen Sie eine andere Kennung oder importieren Sie mit overwrite, wenn es ein eigener des Projekts ist.',
    },
  },
  'prompts.too_large': {
    status: 413,
    detail: {
      en: 'The text would grow beyond {limitBytes} bytes or {limitSteps} steps.',
      de: 'Der Text würde größer als {limitBytes} Bytes oder {limitSteps} Schritte.',
    },
    hint: { en: 'Give less text at once.', de: 'Geben Sie weniger Text auf einmal an.' },
  },
} as const satisfies FaultDefinitions;
