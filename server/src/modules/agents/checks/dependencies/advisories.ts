import { hash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { type Dependency, type Ecosystem, pythonName } from './lock-files.ts';
import { compareVersions } from './versions.ts';

/** What is kept of an advisory for one package. */
const Kept = z.object({
  id: z.string(),
  summary: z.string(),
  severity: z.enum(['high', 'medium', 'low']),
  versions: z.array(z.string()),
  /** Events of each range in the order of versions. */
  ranges: z.array(
    z.array(z.object({ kind: z.enum(['introduced', 'fixed', 'last_affected']), version: z.string() })),
  ),
});
export type KeptAdvisory = z.infer<typeof Kept>;
const Shard = z.record(z.string(), z.array(Kept));

/** The parts of the OSV format (ossf.github.io/osv-schema, 1.7) that tell whether a version is affected. */
const Osv = z.object({
  id: z.string().max(200),
  withdrawn: z.string().nullish(),
  aliases: z.array(z.string()).nullish(),
  summary: z.string().nullish(),
  details: z.string().nullish(),
  severity: z.array(z.object({ type: z.string(), score: z.string() })).nullish(),
  database_specific: z.object({ severity: z.string().nullish() }).loose().nullish(),
  affected: z
    .array(
      z.object({
        package: z.object({ ecosystem: z.string(), name: z.string() }).nullish(),
        versions: z.array(z.string()).nullish(),
        ranges: z
          .array(
            z.object({
              type: z.string(),
              events: z.array(
                z.object({
                  introduced: z.string().optional(),
                  fixed: z.string().optional(),
                  last_affected: z.string().optional(),
                }),
              ),
            }),
          )
          .nullish(),
      }),
    )
    .nullish(),
});

export interface Advisories {
  /** What is known against a dependency. */
  against(dependency: Dependency): Promise<KeptAdvisory[]>;
  /** Whether any were imported for an ecosystem. */
  has(ecosystem: Ecosystem): Promise<boolean>;
}

/** Where an installation keeps its advisories. */
export const advisoriesFolder = (dataDir: string): string => path.join(dataDir, 'agents', 'advisories');

/** Advisories as `importAdvisories` has put them into the folder; what a file holds is read when it is asked for. */
export function openAdvisories(folder: string): Advisories {
  async function shard(ecosystem: Ecosystem, name: string): Promise<Record<string, KeptAdvisory[]>> {
    const text = await readFile(shardPath(folder, ecosystem, name), 'utf8').catch(() => '{}');
    return Shard.parse(JSON.parse(text));
  }
  return {
    async against(dependency) {
      const all = await shard(dependency.ecosystem, dependency.name);
      const known = Object.hasOwn(all, dependency.name) ? all[dependency.name] : undefined;
      return (known ?? []).filter((advisory) => isAffected(dependency, advisory));
    },
    has: async (ecosystem) => (await readFile(markerPath(folder, ecosystem)).catch(() => null)) !== null,
  };
}

/** Whether a version lies in a range (OSV schema, "Evaluation"), or is named. */
export function isAffected({ ecosystem, version }: Dependency, { versions, ranges }: KeptAdvisory): boolean {
  if (versions.includes(version)) return true;
  return ranges.some((events) => {
    let affected = false;
    for (const event of events) {
      const order = event.version === '0' ? 1 : compareVersions(ecosystem, version, event.version);
      if (event.kind === 'introduced' && order >= 0) affected = true;
      if (event.kind === 'fixed' && order >= 0) affected = false;
      if (event.kind === 'last_affected' && order > 0) affected = false;
    }
    return affected;
  });
}

/**
 * Takes over advisories in OSV's format: one document or a list of them as text, in any number. What was known about
 * the same advisory is replaced. @returns how many were taken over, and how many texts were no advisory
 */
export async function importAdvisories(
  folder: string,
  documents: AsyncIterable<string> | Iterable<string>,
): Promise<{ imported: number; skipped: number }> {
  const byPackage = new Map<
    string,
    { ecosystem: Ecosystem; name: string; advisories: Map<string, KeptAdvisory | null> }
  >();
  const counts = { imported: 0, skipped: 0 };
  for await (const text of documents) {
    for (const document of documentsIn(text)) {
      const osv = Osv.safeParse(document);
      if (!osv.success) {
        counts.skipped += 1;
        continue;
      }
      counts.imported += 1;
      for (const { ecosystem, name, advisory } of keptOf(osv.data)) {
        const key = `${ecosystem} ${name}`;
        const known = byPackage.get(key) ?? { ecosystem, name, advisories: new Map() };
        byPackage.set(key, known);
        known.advisories.set(osv.data.id, advisory);
      }
    }
  }
  for (const [file, group] of Map.groupBy(byPackage.values(), ({ ecosystem, name }) =>
    shardPath(folder, ecosystem, name),
  )) {
    const before = Shard.parse(JSON.parse(await readFile(file, 'utf8').catch(() => '{}')));
    const merged = new Map(Object.entries(before));
    for (const { name, advisories } of group) {
      const others = (merged.get(name) ?? []).filter(({ id }) => !advisories.has(id));
      merged.set(name, [...others, ...[...advisories.values()].filter((advisory) => advisory !== null)]);
    }
    await replaceFile(file, JSON.stringify(Object.fromEntries(merged)));
  }
  for (const ecosystem of new Set(byPackage.values().map((entry) => entry.ecosystem)))
    await replaceFile(markerPath(folder, ecosystem), '');
  return counts;
}

function documentsIn(text: string): unknown[] {
  try {
    const found: unknown = JSON.parse(text);
    return Array.isArray(found) ? found : [found];
  } catch {
    return [null];
  }
}

/** What an advisory says about a package; null when it was withdrawn. */
interface Statement {
  readonly ecosystem: Ecosystem;
  readonly name: string;
  readonly advisory: KeptAdvisory | null;
}

function keptOf(osv: z.infer<typeof Osv>): Statement[] {
  return (osv.affected ?? []).flatMap(({ package: about, versions, ranges }): Statement[] => {
    const ecosystem = about?.ecosystem.split(':')[0];
    if (about == null || (ecosystem !== 'npm' && ecosystem !== 'PyPI')) return [];
    const name = ecosystem === 'PyPI' ? pythonName(about.name) : about.name;
    if (osv.withdrawn != null) return [{ ecosystem, name, advisory: null }];
    const cve = osv.aliases?.find((alias) => alias.startsWith('CVE-'));
    const text = (osv.summary ?? osv.details ?? '').split('\n')[0]?.slice(0, 300) ?? '';
    const advisory: KeptAdvisory = {
      id: osv.id,
      summary: cve === undefined ? text : `${text} (${cve})`,
      severity: severityOf(osv),
      versions: versions ?? [],
      ranges: (ranges ?? [])
        .filter(({ type }) => type !== 'GIT')
        .map(({ events }) =>
          events
            .flatMap((event) =>
              (['introduced', 'fixed', 'last_affected'] as const).flatMap((kind) => {
                const version = event[kind];
                return version === undefined ? [] : [{ kind, version }];
              }),
            )
            .toSorted((a, b) =>
              a.version === '0'
                ? -1
                : b.version === '0'
                  ? 1
                  : compareVersions(ecosystem, a.version, b.version),
            ),
        ),
    };
    return [{ ecosystem, name, advisory }];
  });
}

/** The database's own word; else what the vector of CVSS says about confidentiality, integrity, availability. */
function severityOf({ id, severity, database_specific }: z.infer<typeof Osv>): KeptAdvisory['severity'] {
  const word = database_specific?.severity?.toLowerCase() ?? '';
  if (['critical', 'high'].includes(word) || id.startsWith('MAL-')) return 'high';
  if (word === 'low') return 'low';
  if (word !== '') return 'medium';
  const vector = severity?.[0]?.score ?? '';
  return /AV:N/.test(vector) && /\/(?:C|I|A|VC|VI|VA):H/.test(vector) ? 'high' : 'medium';
}

/** Packages are spread over 256 files, so that a lookup reads a small one. */
function shardPath(folder: string, ecosystem: Ecosystem, name: string): string {
  return path.join(folder, ecosystem, `${hash('sha256', name, 'hex').slice(0, 2)}.json`);
}

const markerPath = (folder: string, ecosystem: Ecosystem) => path.join(folder, ecosystem, 'imported');

async function replaceFile(file: string, content: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  const temporary = `${file}.new`;
  await rm(temporary, { force: true });
  await writeFile(temporary, content, { mode: 0o600, flush: true });
  await rename(temporary, file);
}
