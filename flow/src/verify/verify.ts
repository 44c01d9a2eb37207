import { FlowFault, isFlowFault } from '../core/fault.ts';
import type { FlowContext, FlowStep, StepResult } from '../core/step.ts';
import { readLastDeploy } from '../deploy/history.ts';
import { type LocalRelease, readLocalRelease } from '../deploy/release.ts';
import { purgeStep } from '../purge/purge.ts';
import { rollbackRelease } from '../releases/releases.ts';
import { checkEdge, type EdgeReport } from './check-edge.ts';
import { findEdges } from './edges.ts';

/** Faults shown of one verification; the rest is counted. */
const MOST_FAULTS = 50;

/**
 * Step 8: fetches the live site from every edge and compares label, status, SHA-256 and headers of every file, the service
 * worker included. It is `done` only when everything was compared and equal: an edge that doesn't answer, a file that could
 * not be fetched, a missing address are faults. With `verify.rollback` the release before becomes live again.
 * @throws verify.no_url, verify.unresolved, verify.failed, verify.failed_rolled_back, verify.rollback_failed
 */
export const verifyStep: FlowStep = {
  id: 'verify',
  title: { en: 'Verify', de: 'Prüfen' },
  run: verify,
};

async function verify(context: FlowContext): Promise<StepResult> {
  const { verify: settings, site, headers } = context.config;
  if (context.dryRun) return planned(settings.url ?? site.url);
  const release = await readLocalRelease(context.releaseDir);
  const siteUrl = settings.url ?? site.url ?? release.manifest.siteUrl;
  if (!siteUrl) throw noUrlFault();
  const files = release.files.filter((file) => file.role !== 'config');
  const edges = await findEdges(siteUrl, settings.edges);
  const reports = await Promise.all(
    edges.map((edge) =>
      checkEdge({
        edge,
        siteUrl: siteUrl.endsWith('/') ? siteUrl : `${siteUrl}/`,
        manifest: release.manifest,
        files,
        headers: { judge: settings.headers, security: headers.security },
        waitMs: settings.waitSeconds * 1000,
        timeoutMs: settings.timeoutMs,
        concurrency: settings.concurrency,
        signal: context.signal,
      }),
    ),
  );
  if (reports.some((report) => report.faults.length > 0 || report.comparedFiles !== files.length)) {
    throw await failed(context, release, reports);
  }
  const { manifest } = release;
  return {
    outcome: 'done',
    summary: {
      en: `${manifest.id} on ${edges.length} edge(s): ${files.length} files equal, headers right.`,
      de: `${manifest.id} auf ${edges.length} Server(n): ${files.length} Dateien gleich, Header richtig.`,
    },
    details: {
      url: siteUrl,
      releaseId: manifest.id,
      worker: manifest.worker?.version ?? null,
      headersJudged: settings.headers,
      edges: reports.map((report) => ({ edge: report.edge, comparedFiles: report.comparedFiles })),
    },
  };
}

async function failed(
  context: FlowContext,
  release: LocalRelease,
  reports: readonly EdgeReport[],
): Promise<FlowFault> {
  const faults = reports.flatMap((report) => report.faults);
  const stale = reports.filter((report) => report.faults.length > 0).map((report) => report.edge);
  const text = {
    en: `${release.manifest.id} is not what visitors get: ${faults.length} fault(s) on ${stale.join(', ')} (${stale.length} of ${reports.length}).`,
    de: `${release.manifest.id} ist nicht, was Besucher bekommen: ${faults.length} Fehler auf ${stale.join(', ')} (${stale.length} von ${reports.length}).`,
  };
  const more = faults.slice(0, MOST_FAULTS);
  if (!context.config.verify.rollback) {
    return new FlowFault('verify.failed', {
      text,
      more,
      fix: {
        en: 'Remove the cause and run cds flow verify again, or go back: cds flow rollback',
        de: 'Die Ursache beheben und cds flow verify wiederholen, oder zurück: cds flow rollback',
      },
    });
  }
  return rolledBack(context, release, { text, more });
}

/** Goes back only from the very release that was just deployed, and only to the one before it. */
async function rolledBack(
  context: FlowContext,
  release: LocalRelease,
  details: Pick<FlowFault, 'text' | 'more'>,
): Promise<FlowFault> {
  const last = (await readLastDeploy(context.workDir))?.[0];
  const previousId =
    last?.action === 'deploy' && last.releaseId === release.manifest.id ? last.previousId : null;
  if (previousId === null || previousId === release.manifest.id) {
    return new FlowFault('verify.rollback_failed', {
      ...details,
      fix: {
        en: 'There is no earlier release to go back to: remove the cause and deploy again.',
        de: 'Es gibt kein früheres Release: die Ursache beheben und erneut deployen.',
      },
    });
  }
  try {
    await rollbackRelease(context, previousId);
    await purgeStep.run(context);
  } catch (cause) {
    const reason = isFlowFault(cause) ? cause.text : { en: String(cause), de: String(cause) };
    return new FlowFault('verify.rollback_failed', {
      text: {
        en: `${details.text.en} Going back to ${previousId} failed as well: ${reason.en}`,
        de: `${details.text.de} Auch der Weg zurück zu ${previousId} ist fehlgeschlagen: ${reason.de}`,
      },
      more: details.more,
      fix: {
        en: `By hand: cds flow rollback ${previousId}`,
        de: `Von Hand: cds flow rollback ${previousId}`,
      },
      cause,
    });
  }
  return new FlowFault('verify.failed_rolled_back', {
    text: {
      en: `${details.text.en} ${previousId} is live again.`,
      de: `${details.text.de} ${previousId} ist wieder live.`,
    },
    more: details.more,
    fix: {
      en: 'Remove the cause and deploy again.',
      de: 'Die Ursache beheben und erneut deployen.',
    },
  });
}

function planned(url: string | undefined): StepResult {
  return {
    outcome: 'planned',
    summary: {
      en: `Would compare every file at ${url ?? 'the site'}.`,
      de: `Würde jede Datei auf ${url ?? 'der Website'} vergleichen.`,
    },
  };
}

function noUrlFault(): FlowFault {
  return new FlowFault('verify.no_url', {
    file: 'flow.config.ts',
    text: {
      en: "The site's address is not known, so nothing could be verified.",
      de: 'Die Adresse der Website ist nicht bekannt; nichts konnte geprüft werden.',
    },
    fix: {
      en: "Set it: site: { url: 'https://example.org/' }",
      de: "Angeben: site: { url: 'https://example.org/' }",
    },
  });
}
