import type { Call, Client } from '#base/contract.ts';
import type { sandboxContract } from '#modules/sandbox/contract.ts';
import type { Finding } from '../../contract-shapes.ts';
import type { Workbench } from '../../tools/workbench.ts';
import { type Advisories, isAffected, type KeptAdvisory } from './advisories.ts';
import { type Dependency, isLockFile, readLockFile } from './lock-files.ts';
import { askNpmAudit } from './npm-audit.ts';
import { compareVersions } from './versions.ts';

const lockFileBytes = 16 * 1024 ** 2;

/** What is known against the dependencies of a project, with a note about what could not be asked. */
export interface Audit {
  readonly findings: Finding[];
  readonly notes: string[];
}

export type AuditDependencies = (
  bench: Pick<Workbench, 'list' | 'read'>,
  only: readonly string[],
) => Promise<Audit>;

/**
 * Looks lock files up in the advisories that were imported, and, where the programs of the project may reach it, asks
 * npm's registry. Without both, a note says so.
 */
export function createAudit(parts: {
  readonly advisories: Advisories;
  readonly registry: string;
  readonly sandbox: Client<typeof sandboxContract>;
  readonly projectId: string;
  readonly call: Call;
}): AuditDependencies {
  const { advisories, registry, sandbox, projectId, call } = parts;

  async function mayAsk(): Promise<boolean> {
    const { mode, hosts } = await sandbox.call('sandbox.network.get', { projectId }, call);
    const { hostname, port, protocol } = new URL(registry);
    const wanted = port === '' ? (protocol === 'http:' ? '80' : '443') : port;
    return mode === 'allowList' && hosts.some((line) => covers(line, hostname, wanted));
  }

  return async (bench, only) => {
    const files = (only.length > 0 ? only : await bench.list()).filter(isLockFile);
    const findings: Finding[] = [];
    const notes: string[] = [];
    for (const file of files) {
      const text = await bench.read(file, lockFileBytes).catch(() => null);
      if (text === null) {
        notes.push(`${file} could not be read (16 MiB at most).`);
        continue;
      }
      const dependencies = readLockFile(file, text);
      const lines = text.split('\n');
      const asked = await askedOf(dependencies, notes, { mayAsk, registry, signal: call.signal });
      for (const dependency of dependencies) {
        const known = [...(await advisories.against(dependency)), ...matching(asked, dependency)];
        const different = new Map(known.map((advisory) => [advisory.id, advisory]));
        findings.push(
          ...different.values().map((advisory) => findingOf(file, lines, { dependency, advisory })),
        );
      }
      const [ecosystem] = dependencies.map((dependency) => dependency.ecosystem);
      if (ecosystem !== undefined && asked === null && !(await advisories.has(ecosystem)))
        notes.push(
          `No advisories for ${ecosystem} were imported, so ${file} was not judged (cds agent advisories import).`,
        );
    }
    return { findings, notes: [...new Set(notes)] };
  };
}

/** What npm's registry says; null when it was not asked. */
async function askedOf(
  dependencies: readonly Dependency[],
  notes: string[],
  options: {
    readonly mayAsk: () => Promise<boolean>;
    readonly registry: string;
    readonly signal: AbortSignal;
  },
): Promise<Map<string, KeptAdvisory[]> | null> {
  if (!dependencies.some(({ ecosystem }) => ecosystem === 'npm') || !(await options.mayAsk())) return null;
  try {
    return await askNpmAudit(dependencies, options);
  } catch (error) {
    options.signal.throwIfAborted();
    notes.push(`npm's registry could not be asked: ${error instanceof Error ? error.message : 'it failed'}.`);
    return null;
  }
}

function matching(asked: Map<string, KeptAdvisory[]> | null, dependency: Dependency): KeptAdvisory[] {
  return (asked?.get(dependency.name) ?? []).filter((advisory) => isAffected(dependency, advisory));
}

function findingOf(
  path: string,
  lines: readonly string[],
  { dependency, advisory }: { readonly dependency: Dependency; readonly advisory: KeptAdvisory },
): Finding {
  const { name, version, line } = dependency;
  const fixed = advisory.ranges
    .flat()
    .filter(
      ({ kind, version: at }) => kind === 'fixed' && compareVersions(dependency.ecosystem, at, version) > 0,
    )
    .map((event) => event.version)
    .toSorted((a, b) => compareVersions(dependency.ecosystem, a, b))[0];
  const [mendEnglish, mendGerman] =
    fixed === undefined ? ['', ''] : [` Mended in ${fixed}.`, ` Behoben in ${fixed}.`];
  return {
    path,
    line,
    rule: `CWE-1395 ${advisory.id}`,
    severity: advisory.severity,
    message: {
      en: `${name} ${version}: ${advisory.summary}.${mendEnglish}`,
      de: `${name} ${version}: ${advisory.summary}.${mendGerman}`,
    },
    evidence: `${lines[line - 1]?.trim().slice(0, 200) ?? ''} (${name}@${version})`,
  };
}

/** As the sandbox reads a line of its allow-list: `host`, `*.host`, each with an optional port, else 80 and 443. */
function covers(line: string, hostname: string, port: string): boolean {
  const match = /^(\*\.)?([^:]+|\[[^\]]+\])(?::(\d+))?$/.exec(line);
  if (match === null) return false;
  const [, below, host = '', given] = match;
  if (given === undefined ? !['80', '443'].includes(port) : given !== port) return false;
  return below === undefined ? hostname === host : hostname.endsWith(`.${host}`);
}
