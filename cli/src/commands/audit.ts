import type { LocalizedText } from '@cyberdevstudio/server/base/fault.ts';
import { connectDatabase } from '@cyberdevstudio/server/kernel/database/connect.ts';
import { createSecrets } from '@cyberdevstudio/server/kernel/secrets.ts';
import type { AuditProblem, AuditReport } from '@cyberdevstudio/server/modules/events/contract.ts';
import { verifyAuditOffline } from '@cyberdevstudio/server/modules/events/offline.ts';
import { openInstallation } from '../installation.ts';
import { say, type Terminal } from '../terminal.ts';

const usage = {
  en: 'Usage: cds audit verify [--json]',
  de: 'Aufruf: cds audit verify [--json]',
};

const problemTexts: Readonly<Record<AuditProblem['kind'], LocalizedText>> = {
  changed: { en: 'the entry was changed', de: 'der Eintrag wurde geändert' },
  broken_link: {
    en: 'the entry does not follow from the one before',
    de: 'der Eintrag schließt nicht an den vorigen an',
  },
  missing: { en: 'entries before this one are missing', de: 'davor fehlen Einträge' },
  beyond_head: {
    en: 'entries stand after the signed end',
    de: 'hinter dem signierten Ende stehen Einträge',
  },
  head_changed: {
    en: 'the end of the log was not signed by this installation',
    de: 'das Ende des Protokolls ist nicht von dieser Installation signiert',
  },
  tail_removed: {
    en: 'entries from here on were removed, or an older backup was restored',
    de: 'Einträge ab hier wurden entfernt, oder eine ältere Sicherung wurde eingespielt',
  },
  checkpoint_mismatch: {
    en: 'the entry differs from the checkpoint in the data folder',
    de: 'der Eintrag weicht vom Prüfpunkt im Datenordner ab',
  },
  checkpoint_unreadable: {
    en: 'the checkpoint in the data folder was changed',
    de: 'der Prüfpunkt im Datenordner wurde verändert',
  },
};

/** `cds audit verify`: proves that no entry of the audit log was changed or removed; exit code 1 if one was. */
export async function run(argv: readonly string[], terminal: Terminal): Promise<number> {
  if (argv[0] !== 'verify') {
    say(terminal, usage);
    return 2;
  }
  await using installation = await openInstallation(terminal.environment);
  const { dataDir, connectionString } = installation;
  await using database = await connectDatabase({ connectionString, maxConnections: 2 });
  const secret = createSecrets({ secretKey: terminal.environment.CDS_SECRET_KEY, dataDir });
  const report = await verifyAuditOffline({ database, dataDir, secret });
  if (report === null) {
    say(terminal, {
      en: `There is no audit log in ${dataDir} yet: the platform has not been started here.`,
      de: `In ${dataDir} gibt es noch kein Audit-Protokoll: Die Plattform lief hier noch nie.`,
    });
    return 1;
  }
  if (argv.includes('--json')) terminal.print(JSON.stringify(report, null, 2));
  else print(report, terminal);
  return report.ok ? 0 : 1;
}

function print(report: AuditReport, terminal: Terminal): void {
  if (report.ok) {
    say(terminal, {
      en: `The audit log is complete and unchanged: ${report.entries} entries, checkpoint at ${report.checkpointSequence}.`,
      de: `Das Audit-Protokoll ist vollständig und unverändert: ${report.entries} Einträge, Prüfpunkt bei ${report.checkpointSequence}.`,
    });
    return;
  }
  say(terminal, {
    en: `The audit log is NOT what was written (${report.entries} entries read):`,
    de: `Das Audit-Protokoll ist NICHT das, was geschrieben wurde (${report.entries} Einträge gelesen):`,
  });
  for (const { sequence, kind } of report.problems) {
    terminal.print(`  ${String(sequence).padStart(8)}  ${problemTexts[kind][terminal.language]}`);
  }
  say(terminal, {
    en: 'Keep a copy of the database before anything else. After restoring a backup an administrator accepts the gap with audit.acceptGap.',
    de: 'Sichern Sie zuerst eine Kopie der Datenbank. Nach dem Einspielen einer Sicherung erkennt die Administration die Lücke mit audit.acceptGap an.',
  });
}
