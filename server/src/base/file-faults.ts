import type { FaultDefinitions } from './fault.ts';

/** How access to files of a workspace fails; shared by every module whose contract offers such files. */
export const fileFaults = {
  'files.path_invalid': {
    status: 400,
    detail: {
      en: 'The path {path} is not allowed: {reason}.',
      de: 'Der Pfad {path} ist nicht erlaubt: {reason}.',
    },
    hint: {
      en: 'Name the file relative to the project, with forward slashes: src/index.ts.',
      de: 'Nennen Sie die Datei relativ zum Projekt und mit Schrägstrichen: src/index.ts.',
    },
  },
  'files.path_escapes': {
    status: 400,
    detail: {
      en: 'The path {path} leads out of the project.',
      de: 'Der Pfad {path} führt aus dem Projekt hinaus.',
    },
    hint: {
      en: 'Links may point to places inside the project only.',
      de: 'Verknüpfungen dürfen nur auf Stellen innerhalb des Projekts zeigen.',
    },
  },
  'files.not_found': {
    status: 404,
    detail: { en: 'There is no {path} in this project.', de: 'In diesem Projekt gibt es kein {path}.' },
    hint: {
      en: 'Check the spelling, or list the folder.',
      de: 'Prüfen Sie die Schreibweise oder listen Sie den Ordner auf.',
    },
  },
  'files.exists': {
    status: 409,
    detail: { en: '{path} exists already.', de: '{path} existiert bereits.' },
    hint: {
      en: 'Choose another name, or ask to overwrite it.',
      de: 'Wählen Sie einen anderen Namen oder verlangen Sie das Überschreiben.',
    },
  },
  'files.conflict': {
    status: 409,
    detail: {
      en: '{path} has changed since it was read; nothing was overwritten.',
      de: '{path} wurde seit dem Lesen geändert; nichts wurde überschrieben.',
    },
    hint: {
      en: 'Read it again, merge your change, and save with the new etag.',
      de: 'Lesen Sie die Datei neu, führen Sie Ihre Änderung zusammen und speichern Sie mit dem neuen Etag.',
    },
  },
  'files.not_a_folder': {
    status: 409,
    detail: { en: '{path} is not a folder.', de: '{path} ist kein Ordner.' },
    hint: { en: 'Name a folder.', de: 'Nennen Sie einen Ordner.' },
  },
  'files.not_a_file': {
    status: 409,
    detail: { en: '{path} is not a file.', de: '{path} ist keine Datei.' },
    hint: { en: 'Name a file.', de: 'Nennen Sie eine Datei.' },
  },
  'files.not_empty': {
    status: 409,
    detail: { en: 'The folder {path} is not empty.', de: 'Der Ordner {path} ist nicht leer.' },
    hint: {
      en: 'Delete its content first, or ask for recursive deletion.',
      de: 'Löschen Sie zuerst den Inhalt oder verlangen Sie rekursives Löschen.',
    },
  },
  'files.special_file': {
    status: 400,
    detail: {
      en: '{path} is a pipe, socket or device, not a file.',
      de: '{path} ist eine Pipe, ein Socket oder ein Gerät, keine Datei.',
    },
    hint: {
      en: 'Only ordinary files and folders can be used here; delete it if it is not needed.',
      de: 'Hier sind nur gewöhnliche Dateien und Ordner nutzbar; löschen Sie es, wenn es nicht gebraucht wird.',
    },
  },
  'files.hard_link_escapes': {
    status: 400,
    detail: {
      en: '{path} shares its content with a file outside of the project.',
      de: '{path} teilt seinen Inhalt mit einer Datei außerhalb des Projekts.',
    },
    hint: {
      en: 'Replace the hard link by a copy of the file.',
      de: 'Ersetzen Sie die harte Verknüpfung durch eine Kopie der Datei.',
    },
  },
  'files.protected': {
    status: 403,
    detail: {
      en: '{path} belongs to the version history and is not changed here.',
      de: '{path} gehört zur Versionsverwaltung und wird hier nicht geändert.',
    },
    hint: { en: 'Use the project.git methods.', de: 'Nutzen Sie die project.git-Methoden.' },
  },
  'files.not_text': {
    status: 400,
    detail: { en: '{path} is not UTF-8 text.', de: '{path} ist kein UTF-8-Text.' },
    hint: { en: 'Ask for base64.', de: 'Verlangen Sie base64.' },
  },
  'files.too_large': {
    status: 413,
    detail: {
      en: '{path} has more than {limitBytes} bytes.',
      de: '{path} hat mehr als {limitBytes} Bytes.',
    },
    hint: {
      en: 'Read it in ranges, or split it into smaller files.',
      de: 'Lesen Sie in Abschnitten oder teilen Sie die Datei auf.',
    },
  },
  'files.too_many': {
    status: 413,
    detail: {
      en: '{path} holds more than {limit} files and folders.',
      de: '{path} enthält mehr als {limit} Dateien und Ordner.',
    },
    hint: { en: 'Do it in smaller parts.', de: 'Gehen Sie in kleineren Teilen vor.' },
  },
  'files.too_deep': {
    status: 400,
    detail: {
      en: '{path} is nested deeper than {limit} folders.',
      de: '{path} ist tiefer als {limit} Ordner verschachtelt.',
    },
    hint: { en: 'Use a flatter layout.', de: 'Verwenden Sie eine flachere Gliederung.' },
  },
  'files.not_permitted': {
    status: 403,
    detail: {
      en: 'The permissions of {path} do not allow this.',
      de: 'Die Zugriffsrechte von {path} erlauben das nicht.',
    },
    hint: {
      en: 'Change them in the project’s terminal with chmod.',
      de: 'Ändern Sie sie im Terminal des Projekts mit chmod.',
    },
  },
  'files.disk_full': {
    status: 503,
    detail: { en: 'The server’s disk is full.', de: 'Die Festplatte des Servers ist voll.' },
    hint: {
      en: 'Ask whoever runs this server to make room.',
      de: 'Bitten Sie den Betrieb, Platz zu schaffen.',
    },
  },
  'files.busy': {
    status: 503,
    detail: {
      en: 'The server has too many files open at the moment.',
      de: 'Der Server hat im Moment zu viele Dateien geöffnet.',
    },
    hint: { en: 'Try again in a few seconds.', de: 'Versuchen Sie es in einigen Sekunden erneut.' },
  },
  'files.quota_bytes': {
    status: 413,
    detail: {
      en: 'The storage of the project’s owner is full: {usedBytes} of {limitBytes} bytes are used.',
      de: 'Der Speicher des Projektinhabers ist voll: {usedBytes} von {limitBytes} Bytes sind belegt.',
    },
    hint: {
      en: 'Delete files that are not needed, or ask an administrator for more room.',
      de: 'Löschen Sie nicht benötigte Dateien oder bitten Sie die Administration um mehr Platz.',
    },
  },
  'files.quota_files': {
    status: 413,
    detail: {
      en: 'The project’s owner has {usedFiles} of {limitFiles} files and folders.',
      de: 'Der Projektinhaber hat {usedFiles} von {limitFiles} Dateien und Ordnern.',
    },
    hint: {
      en: 'Delete files that are not needed, or ask an administrator for more room.',
      de: 'Löschen Sie nicht benötigte Dateien oder bitten Sie die Administration um mehr Platz.',
    },
  },
  'files.unsupported_platform': {
    status: 503,
    detail: {
      en: 'This operating system lacks what safe file access needs (Linux with /proc).',
      de: 'Diesem Betriebssystem fehlt, was sicherer Dateizugriff braucht (Linux mit /proc).',
    },
    hint: {
      en: 'Run the server on Linux, or in its container: docker compose up.',
      de: 'Betreiben Sie den Server unter Linux oder im Container: docker compose up.',
    },
  },
} as const satisfies FaultDefinitions;
