import type { FaultDefinitions } from '#base/fault.ts';

export const ledgerFaults = {
  'ledger.insufficient_balance': {
    status: 402,
    detail: {
      en: 'This needs {neededTokens} tokens; {availableTokens} are available.',
      de: 'Dafür sind {neededTokens} Token nötig; {availableTokens} sind verfügbar.',
    },
    hint: {
      en: 'Ask for fewer tokens, or ask an administrator for a larger balance.',
      de: 'Fordern Sie weniger Token an oder bitten Sie die Administration um mehr Guthaben.',
    },
  },
  'ledger.budget_exceeded': {
    status: 402,
    detail: {
      en: 'The budget for this {period} is used up: {usedTokens} of {limitTokens} tokens, {neededTokens} more are needed.',
      de: 'Das Budget ({period}) ist ausgeschöpft: {usedTokens} von {limitTokens} Token, nötig wären {neededTokens} weitere.',
    },
    hint: {
      en: 'Wait until {resetsAt}, or have the budget raised.',
      de: 'Warten Sie bis {resetsAt} oder lassen Sie das Budget erhöhen.',
    },
  },
  'ledger.key_reused': {
    status: 409,
    detail: {
      en: 'The key or request id {key} was used before, with other values.',
      de: 'Der Schlüssel oder die Anfrage-ID {key} wurde schon mit anderen Werten verwendet.',
    },
    hint: {
      en: 'Use a new one for a new change; repeat the old values to read its outcome.',
      de: 'Verwenden Sie für eine neue Änderung einen neuen; mit den alten Werten erhalten Sie deren Ergebnis.',
    },
  },
  'ledger.reservation_unknown': {
    status: 404,
    detail: { en: 'There is no such reservation.', de: 'Diese Reservierung gibt es nicht.' },
    hint: { en: 'Reserve first.', de: 'Reservieren Sie zuerst.' },
  },
  'ledger.reservation_closed': {
    status: 409,
    detail: {
      en: 'This reservation is closed already: {status}.',
      de: 'Diese Reservierung ist bereits abgeschlossen: {status}.',
    },
    hint: { en: 'Make a new reservation.', de: 'Legen Sie eine neue Reservierung an.' },
  },
  'ledger.balance_limit': {
    status: 409,
    detail: {
      en: 'A balance can’t exceed {limitTokens} tokens.',
      de: 'Ein Guthaben kann {limitTokens} Token nicht übersteigen.',
    },
    hint: { en: 'Credit less.', de: 'Schreiben Sie weniger gut.' },
  },
  'ledger.range_invalid': {
    status: 400,
    detail: {
      en: 'The period is not valid: it must end after it begins and span at most {limitDays} days.',
      de: 'Der Zeitraum ist ungültig: Er muss nach seinem Beginn enden und höchstens {limitDays} Tage umfassen.',
    },
    hint: { en: 'Correct `from` and `to`.', de: 'Korrigieren Sie `from` und `to`.' },
  },
  'ledger.budget_locked': {
    status: 403,
    detail: {
      en: 'An administrator set this budget.',
      de: 'Dieses Budget hat die Administration festgelegt.',
    },
    hint: {
      en: 'Ask an administrator to change it.',
      de: 'Bitten Sie die Administration um eine Änderung.',
    },
  },
  'ledger.too_many_budgets': {
    status: 413,
    detail: {
      en: 'There are {limit} budgets, which is the most allowed for one user.',
      de: 'Es gibt {limit} Budgets; mehr sind je Konto nicht erlaubt.',
    },
    hint: { en: 'Remove one that is not needed.', de: 'Entfernen Sie eines, das nicht gebraucht wird.' },
  },
} as const satisfies FaultDefinitions;
