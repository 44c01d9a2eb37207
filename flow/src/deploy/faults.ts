import { FlowFault } from '../core/fault.ts';

/** A release that the target doesn't keep. */
export function releaseUnknownFault(releaseId: string, known: readonly string[]): FlowFault {
  const list = known.join(', ') || '–';
  return new FlowFault('deploy.release_unknown', {
    text: {
      en: `The target keeps no release ${releaseId}. It keeps: ${list}.`,
      de: `Das Ziel bewahrt kein Release ${releaseId} auf. Vorhanden: ${list}.`,
    },
    fix: { en: 'See: cds flow releases', de: 'Ansehen: cds flow releases' },
  });
}

/** Nothing was live before what is live now. */
export function nothingEarlierFault(target: string, known: readonly string[]): FlowFault {
  const only = known[0];
  return new FlowFault('deploy.release_unknown', {
    text:
      only === undefined
        ? { en: `${target} has no release yet.`, de: `${target} hat noch kein Release.` }
        : {
            en: `${target} has no release before ${only}, the only one.`,
            de: `${target} hat kein Release vor ${only}, dem einzigen.`,
          },
    fix:
      only === undefined
        ? { en: 'Deploy one: cds flow', de: 'Eines ausliefern: cds flow' }
        : {
            en: 'After the next deploy there is one to go back to.',
            de: 'Nach dem nächsten Deploy gibt es eines, zu dem zurückgegangen werden kann.',
          },
  });
}

/** No room left at the target; what was live is still live. */
export function targetFullFault(where: string, cause?: unknown): FlowFault {
  return new FlowFault('deploy.target_full', {
    text: {
      en: `No space left at ${where}; the live release is unchanged.`,
      de: `Kein Platz mehr auf ${where}; das laufende Release ist unverändert.`,
    },
    fix: {
      en: 'Free space there, or lower deploy.keepReleases, and deploy again.',
      de: 'Dort Platz schaffen oder deploy.keepReleases senken und erneut deployen.',
    },
    cause,
  });
}

/** A target that can't be written for another reason; what was live is still live. */
export function targetWriteFault(where: string, cause: unknown): FlowFault {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new FlowFault('deploy.target_unwritable', {
    text: {
      en: `Writing to ${where} failed: ${reason}`,
      de: `Schreiben nach ${where} ist fehlgeschlagen: ${reason}`,
    },
    fix: {
      en: 'Check that the folder exists and that this user may write to it.',
      de: 'Prüfen, ob der Ordner existiert und dieser Benutzer dort schreiben darf.',
    },
    cause,
  });
}

/** Bytes at the target differ from the release. */
export function targetCorruptFault(file: string, where: string): FlowFault {
  return new FlowFault('deploy.target_corrupt', {
    file,
    text: {
      en: `${file} has other content at ${where} than in its release.`,
      de: `${file} hat auf ${where} anderen Inhalt als in seinem Release.`,
    },
    fix: {
      en: 'Deploy a fresh release; do not edit files at the target by hand.',
      de: 'Ein frisches Release deployen; Dateien am Ziel nicht von Hand ändern.',
    },
  });
}

/** An interrupted deploy: the signal was aborted. */
export function interruptedFault(): FlowFault {
  return new FlowFault('deploy.interrupted', {
    text: {
      en: 'The deploy was interrupted; the live release is unchanged.',
      de: 'Der Deploy wurde unterbrochen; das laufende Release ist unverändert.',
    },
    fix: { en: 'Start it again.', de: 'Erneut starten.' },
  });
}

/** A secret that must be in the environment. */
export function secretMissingFault(variable: string): FlowFault {
  return new FlowFault('deploy.secret_missing', {
    text: {
      en: `The environment variable ${variable} is not set.`,
      de: `Die Umgebungsvariable ${variable} ist nicht gesetzt.`,
    },
    fix: {
      en: `Set it for this command: ${variable}=… cds flow deploy`,
      de: `Für diesen Befehl setzen: ${variable}=… cds flow deploy`,
    },
  });
}
