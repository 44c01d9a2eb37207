import type { FaultDefinitions } from '#base/fault.ts';

export const backupFaults = {
  'backup.unreadable': {
    status: 400,
    detail: {
      en: 'The file is no backup of this platform: {reason}.',
      de: 'Die Datei ist keine Sicherung dieser Plattform: {reason}.',
    },
    hint: {
      en: 'Choose a file that cds backup create has written.',
      de: 'Wählen Sie eine Datei, die cds backup create geschrieben hat.',
    },
  },
  'backup.damaged': {
    status: 400,
    detail: {
      en: 'The backup is damaged at {entry}: {reason}.',
      de: 'Die Sicherung ist bei {entry} beschädigt: {reason}.',
    },
    hint: {
      en: 'Use another backup; nothing was changed.',
      de: 'Nehmen Sie eine andere Sicherung; nichts wurde geändert.',
    },
  },
  'backup.newer': {
    status: 400,
    detail: {
      en: 'The backup comes from a newer version: it knows {file}.',
      de: 'Die Sicherung stammt von einer neueren Version: sie kennt {file}.',
    },
    hint: {
      en: 'Update the platform first, then restore.',
      de: 'Aktualisieren Sie zuerst die Plattform und stellen Sie dann wieder her.',
    },
  },
  'backup.target_not_empty': {
    status: 409,
    detail: { en: 'The target holds data already: {what}.', de: 'Das Ziel enthält schon Daten: {what}.' },
    hint: {
      en: 'Restore into a fresh folder, or add --force to replace what is there.',
      de: 'Stellen Sie in einen neuen Ordner wieder her, oder ersetzen Sie den Inhalt mit --force.',
    },
  },
} as const satisfies FaultDefinitions;
