import { requestHttp } from '../../deploy/http-client.ts';
import type { Finding } from '../finding.ts';

export type ExternalLink = Readonly<{ url: string; file: string; line: number; column: number }>;

const CONCURRENCY = 8;
const MOST_REDIRECTS = 5;
/** Answers that say "not for robots" or "later": the page may well be there. */
const INCONCLUSIVE = new Set([401, 403, 405, 429, 503, 999]);

/** Asks each address once. A server that forbids robots is no finding; one that doesn't answer or says 404 or 410 is. */
export async function checkExternal(
  links: readonly ExternalLink[],
  settings: { timeoutMs: number; signal: AbortSignal },
): Promise<Finding[]> {
  const byUrl = Map.groupBy(links, (link) => link.url.replace(/#.*$/, ''));
  const findings: Finding[] = [];
  const rest = byUrl.entries();
  await Promise.all(
    Array.from({ length: CONCURRENCY }, async () => {
      for (const [url, places] of rest) {
        const problem = await ask(url, settings);
        if (problem !== null) findings.push(...places.map((place) => finding(place, problem)));
      }
    }),
  );
  return findings;
}

async function ask(
  url: string,
  settings: { timeoutMs: number; signal: AbortSignal },
): Promise<string | null> {
  for (const method of ['HEAD', 'GET']) {
    try {
      const status = await follow(method, url, settings);
      if (status < 400 || INCONCLUSIVE.has(status)) return null;
      // Some servers answer HEAD wrongly; only what GET says counts.
      if (method === 'GET') return String(status);
    } catch (error) {
      if (settings.signal.aborted) throw error;
      if (method === 'GET') return error instanceof Error ? error.message : String(error);
    }
  }
  return null;
}

async function follow(
  method: string,
  url: string,
  settings: { timeoutMs: number; signal: AbortSignal },
): Promise<number> {
  let address = url;
  for (let redirect = 0; ; redirect += 1) {
    const answer = await requestHttp({
      method,
      url: address,
      headers: { 'user-agent': 'cds-flow-check', accept: '*/*' },
      mostBytes: 64 * 1024 * 1024,
      ...settings,
      onData: () => undefined,
    });
    const { location } = answer.headers;
    if (answer.status < 300 || answer.status >= 400 || location === undefined || redirect >= MOST_REDIRECTS)
      return answer.status;
    const next = new URL(location, address);
    if (!/^https?:$/.test(next.protocol)) return answer.status;
    address = next.href;
  }
}

function finding(place: ExternalLink, problem: string): Finding {
  return {
    rule: 'links.external',
    level: 'warning',
    file: place.file,
    line: place.line,
    column: place.column,
    message: {
      en: `${place.url} does not answer well: ${problem}.`,
      de: `${place.url} antwortet nicht gut: ${problem}.`,
    },
    fix: { en: 'Correct or remove the link.', de: 'Den Link berichtigen oder entfernen.' },
  };
}
