import type { FaultDefinitions } from '#base/fault.ts';

/** How the project.* methods fail, besides the faults of file access. */
export const projectFaults = {
  'projects.unknown': {
    status: 404,
    detail: { en: 'There is no such project.', de: 'Dieses Projekt gibt es nicht.' },
    hint: {
      en: 'project.list shows the projects you are a member of.',
      de: 'project.list zeigt die Projekte, in denen Sie Mitglied sind.',
    },
  },
  'projects.worktree_unknown': {
    status: 404,
    detail: {
      en: 'There is no such copy of the project any more.',
      de: 'Diese Kopie des Projekts gibt es nicht mehr.',
    },
    hint: { en: 'Start the task again.', de: 'Starten Sie die Aufgabe neu.' },
  },
  'projects.role_insufficient': {
    status: 403,
    detail: {
      en: 'Your role in this project is {role}; {needed} is needed.',
      de: 'Ihre Rolle in diesem Projekt ist {role}; nötig ist {needed}.',
    },
    hint: {
      en: 'Ask an owner of the project for the role.',
      de: 'Bitten Sie eine Inhaberin oder einen Inhaber des Projekts um diese Rolle.',
    },
  },
  'projects.last_owner': {
    status: 409,
    detail: {
      en: 'A project needs an owner, and this is the last one.',
      de: 'Ein Projekt braucht eine Inhaberin oder einen Inhaber, und dies ist die letzte Person.',
    },
    hint: { en: 'Make somebody else owner first.', de: 'Übertragen Sie die Rolle zuerst.' },
  },
  'projects.user_unknown': {
    status: 404,
    detail: { en: 'There is no user {username}.', de: 'Es gibt kein Konto {username}.' },
    hint: { en: 'Check the user name.', de: 'Prüfen Sie den Benutzernamen.' },
  },
  'projects.member_unknown': {
    status: 404,
    detail: {
      en: 'This user is not a member of the project.',
      de: 'Diese Person ist kein Mitglied des Projekts.',
    },
    hint: {
      en: 'project.member.list shows the members.',
      de: 'project.member.list zeigt die Mitglieder.',
    },
  },
  'projects.too_many': {
    status: 413,
    detail: {
      en: 'You own {limit} projects, which is the most allowed here.',
      de: 'Sie besitzen {limit} Projekte; mehr sind hier nicht erlaubt.',
    },
    hint: {
      en: 'Delete one, or ask an administrator to raise CDS_PROJECTS_PROJECTS_PER_USER.',
      de: 'Löschen Sie eines oder bitten Sie die Administration, CDS_PROJECTS_PROJECTS_PER_USER zu erhöhen.',
    },
  },
  'projects.version_unknown': {
    status: 404,
    detail: { en: 'There is no such version of the file.', de: 'Diese Version der Datei gibt es nicht.' },
    hint: {
      en: 'project.file.history lists the versions.',
      de: 'project.file.history listet die Versionen auf.',
    },
  },
  'projects.git_missing': {
    status: 503,
    detail: { en: 'git is not installed on the server.', de: 'Auf dem Server ist git nicht installiert.' },
    hint: { en: 'Install it: sudo apt install git', de: 'Installieren Sie es: sudo apt install git' },
  },
  'projects.git_isolation_missing': {
    status: 503,
    detail: {
      en: 'The repository’s own settings can run programs or lead out of it, and git cannot be confined on this server.',
      de: 'Die Einstellungen des Repositorys können Programme starten oder hinausführen, und git lässt sich hier nicht abschotten.',
    },
    hint: {
      en: 'Install bubblewrap: sudo apt install bubblewrap',
      de: 'Installieren Sie bubblewrap: sudo apt install bubblewrap',
    },
  },
  'projects.git_nothing_to_commit': {
    status: 409,
    detail: {
      en: 'Nothing has changed since the last commit.',
      de: 'Seit dem letzten Commit wurde nichts geändert.',
    },
    hint: { en: 'Change a file first.', de: 'Ändern Sie zuerst eine Datei.' },
  },
  'projects.git_unknown_revision': {
    status: 404,
    detail: { en: 'There is no revision {revision}.', de: 'Es gibt keinen Stand {revision}.' },
    hint: {
      en: 'Name a branch, a tag or a commit of this project.',
      de: 'Nennen Sie einen Branch, ein Tag oder einen Commit dieses Projekts.',
    },
  },
  'projects.git_branch_exists': {
    status: 409,
    detail: { en: 'The branch {branch} exists already.', de: 'Den Branch {branch} gibt es bereits.' },
    hint: { en: 'Choose another name.', de: 'Wählen Sie einen anderen Namen.' },
  },
  'projects.git_branch_in_use': {
    status: 409,
    detail: {
      en: 'The branch {branch} is current, or has commits that are nowhere else.',
      de: 'Der Branch {branch} ist aktuell oder enthält Commits, die es sonst nirgends gibt.',
    },
    hint: {
      en: 'Switch to another branch, or ask for deletion with force.',
      de: 'Wechseln Sie den Branch oder verlangen Sie das Löschen mit force.',
    },
  },
  'projects.git_would_overwrite': {
    status: 409,
    detail: {
      en: 'Uncommitted changes would be overwritten: {paths}.',
      de: 'Nicht festgeschriebene Änderungen würden überschrieben: {paths}.',
    },
    hint: {
      en: 'Commit or restore these files first.',
      de: 'Committen oder restaurieren Sie diese Dateien zuerst.',
    },
  },
  'projects.git_broken': {
    status: 409,
    detail: {
      en: 'The repository in this project is damaged or missing: {reason}.',
      de: 'Das Repository dieses Projekts ist beschädigt oder fehlt: {reason}.',
    },
    hint: {
      en: 'Run git fsck in the project’s terminal, or delete .git there: the next commit begins a new history.',
      de: 'Führen Sie git fsck im Terminal des Projekts aus oder löschen Sie dort .git: Der nächste Commit beginnt eine neue Historie.',
    },
  },
  'projects.git_failed': {
    status: 409,
    detail: { en: 'git refused: {reason}.', de: 'git hat abgelehnt: {reason}.' },
    hint: {
      en: 'Correct what git names, then try again.',
      de: 'Beheben Sie, was git nennt, und versuchen Sie es erneut.',
    },
  },
  'projects.git_timeout': {
    status: 504,
    detail: {
      en: 'git took longer than {timeoutMs} ms and was ended.',
      de: 'git brauchte länger als {timeoutMs} ms und wurde beendet.',
    },
    hint: {
      en: 'Try again, or ask for less at once.',
      de: 'Versuchen Sie es erneut oder fordern Sie weniger an.',
    },
  },
  'projects.import_url_refused': {
    status: 400,
    detail: {
      en: 'This address cannot be imported: {reason}.',
      de: 'Diese Adresse kann nicht importiert werden: {reason}.',
    },
    hint: {
      en: 'Use a public https, ssh or git address. CDS_PROJECTS_IMPORT_PRIVATE_HOSTS lists the allowed hosts of private networks.',
      de: 'Verwenden Sie eine öffentliche Adresse mit https, ssh oder git. CDS_PROJECTS_IMPORT_PRIVATE_HOSTS nennt erlaubte Hosts privater Netze.',
    },
  },
  'projects.import_failed': {
    status: 502,
    detail: {
      en: 'The repository could not be fetched: {reason}.',
      de: 'Das Repository konnte nicht geholt werden: {reason}.',
    },
    hint: {
      en: 'Check the address, and that it can be read without a password.',
      de: 'Prüfen Sie die Adresse und ob sie ohne Passwort lesbar ist.',
    },
  },
  'projects.import_too_large': {
    status: 413,
    detail: {
      en: 'The import has more than {limitBytes} bytes or {limitFiles} files.',
      de: 'Der Import hat mehr als {limitBytes} Bytes oder {limitFiles} Dateien.',
    },
    hint: {
      en: 'Import a smaller part, or ask an administrator for more room.',
      de: 'Importieren Sie einen kleineren Teil oder bitten Sie die Administration um mehr Platz.',
    },
  },
  'projects.zip_invalid': {
    status: 400,
    detail: {
      en: 'The zip file cannot be imported: {reason}.',
      de: 'Die ZIP-Datei kann nicht importiert werden: {reason}.',
    },
    hint: {
      en: 'Pack the folder again and upload that file.',
      de: 'Packen Sie den Ordner neu und laden Sie diese Datei hoch.',
    },
  },
} as const satisfies FaultDefinitions;
