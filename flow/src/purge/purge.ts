import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { FlowFault } from '../core/fault.ts';
import type { FlowContext, FlowStep, StepResult } from '../core/step.ts';
import { secretMissingFault } from '../deploy/faults.ts';
import { readLastDeploy } from '../deploy/history.ts';
import { lastLine, runProgram } from '../deploy/program.ts';
import { readLocalRelease } from '../deploy/release.ts';
import { callCloudflare } from '../deploy/targets/cloudflare-client.ts';
import { addressesOf } from './addresses.ts';
import type { CloudflarePurgeConfig, CommandPurgeConfig } from './config.ts';

/** What is to be purged: addresses of everything that changed under its own name, and the release that is live now. */
type Purge = Readonly<{ siteUrl: string | null; paths: readonly string[]; releaseId: string }>;

/**
 * Step 7: tells the caches in front of the site what changed. Hashed files never need it. Without a known release before,
 * every page and every file under its own name counts as changed.
 * @throws purge.no_url, purge.no_values, purge.command_failed, cloudflare.refused, cloudflare.unreachable, deploy.secret_missing
 */
export const purgeStep: FlowStep = {
  id: 'purge',
  title: { en: 'Purge caches', de: 'Caches leeren' },
  run: purge,
};

async function purge(context: FlowContext): Promise<StepResult> {
  const { caches } = context.config.purge;
  if (caches.length === 0) {
    return {
      outcome: 'skipped',
      summary: {
        en: 'No caches in flow.config.ts (purge.caches).',
        de: 'Keine Caches in flow.config.ts (purge.caches).',
      },
    };
  }
  if (context.dryRun) {
    return {
      outcome: 'planned',
      summary: {
        en: `Would purge ${caches.length} cache(s).`,
        de: `Würde ${caches.length} Cache(s) leeren.`,
      },
    };
  }
  const wanted = await describePurge(context);
  const done: string[] = [];
  for (const cache of caches) {
    done.push(
      cache.kind === 'cloudflare'
        ? await purgeCloudflare(cache, wanted, context)
        : await purgeByCommand(cache, wanted, context),
    );
  }
  return {
    outcome: 'done',
    summary: { en: `Purged: ${done.join('; ')}.`, de: `Geleert: ${done.join('; ')}.` },
    details: { purged: done, releaseId: wanted.releaseId },
  };
}

async function describePurge(context: FlowContext): Promise<Purge> {
  const last = await readLastDeploy(context.workDir);
  const release = await readLocalRelease(context.releaseDir).catch((error: unknown) => {
    // After a rollback from another folder there may be no release here; the history knows what changed.
    if (last && error instanceof FlowFault && error.code === 'deploy.release_missing') return null;
    throw error;
  });
  const siteUrl = context.config.site.url ?? context.config.verify.url ?? release?.manifest.siteUrl ?? null;
  const known = last?.every((entry) => entry.changedPaths !== null)
    ? last.flatMap((entry) => entry.changedPaths ?? [])
    : null;
  const all =
    release?.files
      .filter((file) => file.role !== 'hashed' && file.role !== 'config')
      .map((file) => file.path) ?? [];
  return {
    siteUrl,
    paths: [...new Set(known ?? all)],
    releaseId: last?.[0]?.releaseId ?? release?.manifest.id ?? '',
  };
}

async function purgeCloudflare(
  cache: CloudflarePurgeConfig,
  wanted: Purge,
  context: FlowContext,
): Promise<string> {
  const token = context.env[cache.tokenVariable];
  if (!token) throw secretMissingFault(cache.tokenVariable);
  const access = {
    apiUrl: cache.apiUrl,
    token,
    signal: context.signal,
    timeoutMs: cache.timeoutMs,
    retries: cache.retries,
  };
  const call = (json: unknown) =>
    callCloudflare(access, { method: 'POST', path: `/zones/${cache.zoneId}/purge_cache`, json });
  if (cache.mode === 'everything') {
    await call({ purge_everything: true });
    return 'Cloudflare: everything';
  }
  const items = cache.mode === 'files' ? addresses(wanted) : cache.values;
  if (cache.mode !== 'files' && items.length === 0) throw noValuesFault(cache.mode);
  for (let start = 0; start < items.length; start += cache.batchSize) {
    await call({ [cache.mode]: items.slice(start, start + cache.batchSize) });
    context.log.advance(Math.min(start + cache.batchSize, items.length), items.length);
  }
  return `Cloudflare: ${items.length} ${cache.mode}`;
}

async function purgeByCommand(
  cache: CommandPurgeConfig,
  wanted: Purge,
  context: FlowContext,
): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'cds-purge-'));
  try {
    const urlsFile = path.join(folder, 'urls.txt');
    await writeFile(
      urlsFile,
      addresses(wanted)
        .map((address) => `${address}\n`)
        .join(''),
    );
    const [command = '', ...args] = cache.command.map((word) =>
      word.replaceAll('{urls-file}', urlsFile).replaceAll('{release}', wanted.releaseId),
    );
    const result = await runProgram({
      command,
      args,
      cwd: context.rootDir,
      env: context.env,
      signal: context.signal,
      timeoutMs: cache.timeoutMs,
    });
    if (result.code === 0) return command;
    throw commandFault(command, result.code, lastLine(result.stderr));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function addresses(wanted: Purge): string[] {
  if (wanted.siteUrl === null) {
    throw new FlowFault('purge.no_url', {
      file: 'flow.config.ts',
      text: {
        en: "The site's address is not known, so no address can be purged.",
        de: 'Die Adresse der Website ist nicht bekannt; keine Adresse lässt sich leeren.',
      },
      fix: {
        en: "Set it: site: { url: 'https://example.org/' }",
        de: "Angeben: site: { url: 'https://example.org/' }",
      },
    });
  }
  return addressesOf(wanted.siteUrl, wanted.paths);
}

function noValuesFault(mode: string): FlowFault {
  return new FlowFault('purge.no_values', {
    file: 'flow.config.ts',
    text: {
      en: `purge.caches: mode '${mode}' needs values.`,
      de: `purge.caches: Der Modus '${mode}' braucht values.`,
    },
    fix: { en: `Add them: values: ['…']`, de: `Eintragen: values: ['…']` },
  });
}

function commandFault(command: string, code: number | null, reason: string): FlowFault {
  const end = code === null ? '–' : String(code);
  return new FlowFault('purge.command_failed', {
    text: {
      en: `${command} failed (exit code ${end}): ${reason}`,
      de: `${command} ist fehlgeschlagen (Exit-Code ${end}): ${reason}`,
    },
    fix: {
      en: 'Correct purge.caches in flow.config.ts, then: cds flow purge',
      de: 'purge.caches in flow.config.ts berichtigen, dann: cds flow purge',
    },
  });
}
