import { z } from 'zod';
import type { KeptAdvisory } from './advisories.ts';
import type { Dependency } from './lock-files.ts';

const answerBytes = 8 * 1024 ** 2;
const timeoutMs = 20_000;
const namesPerRequest = 1000;

const Bulk = z.record(
  z.string(),
  z.array(
    z.object({
      url: z.string().nullish(),
      title: z.string(),
      severity: z.string(),
      vulnerable_versions: z.string(),
      id: z.number().nullish(),
    }),
  ),
);

/**
 * Asks npm's registry what is known against packages (`/-/npm/v1/security/advisories/bulk`, as `npm audit` does). Names
 * and versions go out, nothing else. @throws Error when the registry does not answer as it should
 */
export async function askNpmAudit(
  dependencies: readonly Dependency[],
  options: { readonly registry: string; readonly signal: AbortSignal },
): Promise<Map<string, KeptAdvisory[]>> {
  const versions = Map.groupBy(
    dependencies.filter(({ ecosystem }) => ecosystem === 'npm'),
    ({ name }) => name,
  );
  const names = [...versions.keys()];
  const found = new Map<string, KeptAdvisory[]>();
  for (let from = 0; from < names.length; from += namesPerRequest) {
    const part = names.slice(from, from + namesPerRequest);
    const body = Object.fromEntries(
      part.map((name) => [name, [...new Set(versions.get(name)?.map(({ version }) => version))]]),
    );
    const answer = await post(
      new URL('/-/npm/v1/security/advisories/bulk', options.registry),
      body,
      options.signal,
    );
    for (const [name, advisories] of Object.entries(Bulk.parse(answer))) {
      const affected = new Set(versions.get(name)?.map(({ version }) => version));
      found.set(
        name,
        advisories.map(({ url, title, severity, vulnerable_versions, id }) => ({
          id: /GHSA-[\w-]+/.exec(url ?? '')?.[0] ?? `npm ${id ?? ''}`.trim(),
          summary: `${title.slice(0, 300)} (${vulnerable_versions.slice(0, 200)})`,
          severity: ['critical', 'high'].includes(severity) ? 'high' : severity === 'low' ? 'low' : 'medium',
          // The registry has judged: it names only advisories of versions that were asked for.
          versions: affected.size === 1 ? [...affected] : [],
          ranges: affected.size === 1 ? [] : rangesOf(vulnerable_versions),
        })),
      );
    }
  }
  return found;
}

async function post(address: URL, body: object, signal: AbortSignal): Promise<unknown> {
  const response = await fetch(address, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    redirect: 'error',
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
  });
  if (!response.ok || response.body === null) throw new Error(`the registry answered ${response.status}`);
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body) {
    size += part.length;
    if (size > answerBytes) throw new Error('the answer of the registry is too long');
    parts.push(part);
  }
  return JSON.parse(Buffer.concat(parts).toString('utf8'));
}

/** `>=1.0.0 <1.2.3 || <0.9.0` as ranges of events. */
function rangesOf(text: string): KeptAdvisory['ranges'] {
  return text.split('||').map((range) => {
    const events: KeptAdvisory['ranges'][number] = [];
    const parts = [...range.matchAll(/(>=|<=|<|>|=)?\s*(\d[\w.+-]*)/g)];
    if (!parts.some(([, sign]) => sign === undefined || sign.startsWith('>') || sign === '='))
      events.push({ kind: 'introduced', version: '0' });
    for (const [, sign = '=', version = ''] of parts) {
      if (sign.startsWith('>') || sign === '=') events.push({ kind: 'introduced', version });
      if (sign === '<') events.push({ kind: 'fixed', version });
      if (sign === '<=' || sign === '=') events.push({ kind: 'last_affected', version });
    }
    return events;
  });
}
