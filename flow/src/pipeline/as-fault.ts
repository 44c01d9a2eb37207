import { FlowFault, isFlowFault } from '../core/fault.ts';

/** Errors of the operating system that a person can do something about. */
const systemReasons: Readonly<Record<string, { en: string; de: string }>> = {
  ENOSPC: { en: 'The disk is full.', de: 'Der Datenträger ist voll.' },
  EDQUOT: { en: 'The disk quota is used up.', de: 'Das Kontingent auf dem Datenträger ist aufgebraucht.' },
  EACCES: { en: 'Access was denied.', de: 'Der Zugriff wurde verweigert.' },
  EPERM: { en: 'The operation is not permitted.', de: 'Die Aktion ist nicht erlaubt.' },
  EROFS: { en: 'The file system is read-only.', de: 'Das Dateisystem ist schreibgeschützt.' },
  EMFILE: { en: 'Too many files are open.', de: 'Zu viele Dateien sind offen.' },
};

/** Whatever a step threw, as a fault with a code: the flow's own, an abort, one of the system, or a defect of the flow. */
export function asFlowFault(error: unknown, signal: AbortSignal): FlowFault {
  if (isFlowFault(error)) return error;
  if (signal.aborted) {
    return new FlowFault('flow.aborted', {
      text: {
        en: 'Stopped before the end; nothing live was changed by the step that ran.',
        de: 'Vor dem Ende abgebrochen; der laufende Schritt hat nichts veröffentlicht.',
      },
      fix: { en: 'Run it again.', de: 'Erneut starten.' },
      cause: error,
    });
  }
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  const file =
    error instanceof Error && 'path' in error && typeof error.path === 'string' ? error.path : undefined;
  const reason = systemReasons[code];
  if (reason !== undefined) {
    const where = file === undefined ? '' : ` ${file}`;
    return new FlowFault('flow.system', {
      text: { en: `${reason.en}${where} (${code})`, de: `${reason.de}${where} (${code})` },
      fix: {
        en: 'Make room or grant the right, then run it again.',
        de: 'Platz schaffen oder das Recht geben, dann erneut starten.',
      },
      cause: error,
    });
  }
  const message = error instanceof Error ? error.message : String(error);
  return new FlowFault('flow.internal', {
    text: { en: `An unexpected error: ${message}`, de: `Ein unerwarteter Fehler: ${message}` },
    fix: {
      en: 'This is a defect of the flow. Please report it with the output of: cds flow --json',
      de: 'Das ist ein Fehler des Flows. Bitte melden, mit der Ausgabe von: cds flow --json',
    },
    cause: error,
  });
}
