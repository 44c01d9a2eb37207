import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { FlowFault } from '../core/fault.ts';
import type { LocalizedText } from '../core/language.ts';
import { buildInfoName, type ReleaseFile, type ReleaseManifest } from '../core/layout.ts';
import { type HttpAnswer, requestHttp } from '../deploy/http-client.ts';
import { inParallel } from '../deploy/in-parallel.ts';
import { encodePath } from '../headers/host-files.ts';
import { judgeHeaders } from '../headers/judge.ts';
import type { Edge } from './edges.ts';

export type EdgeCheck = Readonly<{
  edge: Edge;
  siteUrl: string;
  manifest: ReleaseManifest;
  files: readonly ReleaseFile[];
  /** Whether headers are judged, and whether nosniff is expected. */
  headers: Readonly<{ judge: boolean; security: boolean }>;
  waitMs: number;
  timeoutMs: number;
  concurrency: number;
  signal: AbortSignal;
}>;

/** What one edge serves. `faults` is empty only when every file was fetched and compared. */
export type EdgeReport = Readonly<{ edge: string; comparedFiles: number; faults: readonly FlowFault[] }>;

type Fetched = Readonly<{ answer: HttpAnswer; sha256: string }>;

const MOST_REDIRECTS = 3;
const POLL_MS = 1_000;

/**
 * Asks one edge for everything a visitor can get: the label first, again and again until it is the new one or the time is
 * over, then every file: status, SHA-256 and headers. The service worker counts as a file; its version is its content.
 */
export async function checkEdge(check: EdgeCheck): Promise<EdgeReport> {
  const label = check.manifest.files.find((file) => file.path === buildInfoName);
  const labelFault = label ? await awaitLabel(check, label) : missingLabelFault(check);
  // A stale edge has nothing worth comparing: every further fault would say the same.
  if (labelFault) return { edge: check.edge.name, comparedFiles: 0, faults: [labelFault] };
  const faults: FlowFault[] = [];
  let comparedFiles = 0;
  await inParallel(check.files, check.concurrency, async (file) => {
    const found = await checkFile(check, file);
    if (found.length === 0) comparedFiles += 1;
    faults.push(...found);
  });
  return { edge: check.edge.name, comparedFiles, faults };
}

async function awaitLabel(check: EdgeCheck, label: ReleaseFile): Promise<FlowFault | null> {
  const deadline = performance.now() + check.waitMs;
  for (;;) {
    const fault = await checkLabel(check, label);
    if (fault === null || performance.now() + POLL_MS > deadline) return fault;
    await delay(POLL_MS, undefined, { signal: check.signal });
  }
}

async function checkLabel(check: EdgeCheck, label: ReleaseFile): Promise<FlowFault | null> {
  const fetched = await fetchFile(check, label).catch((error: unknown) =>
    unreachableFault(check, label.path, error),
  );
  if (fetched instanceof FlowFault) return fetched;
  if (fetched.answer.status === 200 && fetched.sha256 === label.sha256) return null;
  const shown = readLabel(fetched.answer);
  return new FlowFault('verify.stale', {
    file: label.path,
    text: {
      en: `${check.edge.name} serves ${shown}, not ${check.manifest.id}.`,
      de: `${check.edge.name} liefert ${shown}, nicht ${check.manifest.id}.`,
    },
    fix: {
      en: 'Purge its cache (cds flow purge) and verify again, or go back: cds flow rollback',
      de: 'Seinen Cache leeren (cds flow purge) und erneut prüfen, oder zurück: cds flow rollback',
    },
  });
}

function readLabel(answer: HttpAnswer): string {
  if (answer.status !== 200) return `${answer.status}`;
  try {
    const info = JSON.parse(answer.body.toString('utf8')) as { id?: unknown; label?: unknown };
    return String(info.id ?? info.label ?? '?').slice(0, 80);
  } catch {
    return '?';
  }
}

async function checkFile(check: EdgeCheck, file: ReleaseFile): Promise<FlowFault[]> {
  const fetched = await fetchFile(check, file).catch((error: unknown) =>
    unreachableFault(check, file.path, error),
  );
  if (fetched instanceof FlowFault) return [fetched];
  const { answer, sha256 } = fetched;
  const isNotFoundPage = file.path === '404.html' && answer.status === 404;
  if (answer.status !== 200 && !isNotFoundPage) return [statusFault(check, file, answer.status)];
  const faults: FlowFault[] = [];
  if (sha256 !== file.sha256) faults.push(hashFault(check, file));
  if (!check.headers.judge) return faults;
  for (const problem of judgeHeaders(file, answer.headers, { security: check.headers.security })) {
    faults.push(
      new FlowFault(`verify.${problem.rule}`, {
        file: file.path,
        text: onEdge(check, problem.message),
        fix: problem.fix,
      }),
    );
  }
  return faults;
}

/** As a visitor asks: the folder for an index page; what the host redirects to on the same host is followed. */
async function fetchFile(check: EdgeCheck, file: ReleaseFile): Promise<Fetched> {
  let url = new URL(encodePath(file.path).replace(/(^|\/)index\.html$/, '$1'), check.siteUrl);
  for (let redirect = 0; ; redirect += 1) {
    const hash = createHash('sha256');
    const keepsBody = file.path === buildInfoName;
    const chunks: Uint8Array[] = [];
    const answer = await requestHttp({
      url: url.href,
      headers: { 'accept-encoding': 'identity', accept: '*/*', 'user-agent': 'cds-flow-verify' },
      connectTo: check.edge.connectTo,
      timeoutMs: check.timeoutMs,
      signal: check.signal,
      mostBytes: Math.max(file.sizeBytes * 2, 1_000_000),
      onData: (chunk) => {
        hash.update(chunk);
        if (keepsBody) chunks.push(chunk);
      },
    });
    const location = answer.headers.location;
    const next = location === undefined ? null : new URL(location, url);
    const follow =
      answer.status >= 300 && answer.status < 400 && next?.host === url.host && redirect < MOST_REDIRECTS;
    if (!follow || next === null)
      return { answer: { ...answer, body: Buffer.concat(chunks) }, sha256: hash.digest('hex') };
    url = next;
  }
}

function onEdge(check: EdgeCheck, text: LocalizedText): LocalizedText {
  return { en: `${check.edge.name}: ${text.en}`, de: `${check.edge.name}: ${text.de}` };
}

function missingLabelFault(check: EdgeCheck): FlowFault {
  return new FlowFault('verify.no_label', {
    file: buildInfoName,
    text: onEdge(check, { en: 'the release has no build.json.', de: 'Das Release hat keine build.json.' }),
    fix: { en: 'Build it anew: cds flow build', de: 'Neu bauen: cds flow build' },
  });
}

function unreachableFault(check: EdgeCheck, file: string, cause: unknown): FlowFault {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new FlowFault('verify.unreachable', {
    file,
    text: onEdge(check, { en: `no answer (${reason}).`, de: `keine Antwort (${reason}).` }),
    fix: { en: 'Check the server and the network.', de: 'Server und Netz prüfen.' },
    cause,
  });
}

function statusFault(check: EdgeCheck, file: ReleaseFile, status: number): FlowFault {
  return new FlowFault('verify.status', {
    file: file.path,
    text: onEdge(check, {
      en: `answers ${status}, expected 200.`,
      de: `antwortet ${status}, erwartet war 200.`,
    }),
    fix: {
      en: "Check the server's root and rules: cds flow headers",
      de: 'Wurzelordner und Regeln des Servers prüfen: cds flow headers',
    },
  });
}

function hashFault(check: EdgeCheck, file: ReleaseFile): FlowFault {
  return new FlowFault('verify.hash', {
    file: file.path,
    text: onEdge(check, {
      en: 'other bytes than in the release: an old copy, or something on the way rewrites the file.',
      de: 'Andere Bytes als im Release: eine alte Kopie, oder etwas auf dem Weg schreibt die Datei um.',
    }),
    fix: {
      en: 'Purge the cache; switch off what rewrites pages at the CDN (minification, e-mail obfuscation, script loaders).',
      de: 'Den Cache leeren; am CDN abschalten, was Seiten umschreibt (Minifizierung, E-Mail-Verschleierung, Skript-Lader).',
    },
  });
}
