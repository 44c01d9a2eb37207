import type { FaultDefinitions } from '#base/fault.ts';

/** Faults of the embedded database and its migrations; they appear at start, in the terminal. */
export const databaseFaults = {
  'database.binaries_missing': {
    status: 500,
    detail: {
      en: 'The embedded PostgreSQL is not installed for {platform}.',
      de: 'Das eingebettete PostgreSQL ist für {platform} nicht installiert.',
    },
    hint: {
      en: 'Run npm install again, or set DATABASE_URL to a PostgreSQL server (15 or later).',
      de: 'Führen Sie npm install erneut aus oder setzen Sie DATABASE_URL auf einen PostgreSQL-Server (ab 15).',
    },
  },
  'database.root_needs_namespaces': {
    status: 500,
    detail: {
      en: 'PostgreSQL refuses to run as root, and user namespaces are not allowed here.',
      de: 'PostgreSQL läuft nicht als root, und User-Namespaces sind hier nicht erlaubt.',
    },
    hint: {
      en: 'Start as an ordinary user, run sysctl -w kernel.unprivileged_userns_clone=1, or set DATABASE_URL.',
      de: 'Starten Sie als gewöhnlicher Benutzer, führen Sie sysctl -w kernel.unprivileged_userns_clone=1 aus oder setzen Sie DATABASE_URL.',
    },
  },
  'database.start_failed': {
    status: 500,
    detail: { en: 'PostgreSQL did not start: {reason}', de: 'PostgreSQL ist nicht gestartet: {reason}' },
    hint: {
      en: 'See postgres.log in the data folder; check the free disk space.',
      de: 'Siehe postgres.log im Datenordner; prüfen Sie den freien Speicherplatz.',
    },
  },
  'database.folder_in_use': {
    status: 409,
    detail: {
      en: 'Another server (process {pid}) runs on the data folder already.',
      de: 'Ein anderer Server (Prozess {pid}) läuft bereits auf dem Datenordner.',
    },
    hint: {
      en: 'Stop that one, or choose another folder: CDS_DATA_DIR=/path npm start.',
      de: 'Beenden Sie ihn oder wählen Sie einen anderen Ordner: CDS_DATA_DIR=/pfad npm start.',
    },
  },
  'database.migration_changed': {
    status: 500,
    detail: {
      en: 'The migration {file} was changed after it had been applied.',
      de: 'Die Migration {file} wurde geändert, nachdem sie angewandt war.',
    },
    hint: {
      en: 'Restore the file; put the change into a new migration.',
      de: 'Stellen Sie die Datei wieder her; die Änderung gehört in eine neue Migration.',
    },
  },
} as const satisfies FaultDefinitions;
