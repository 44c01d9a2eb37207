import { access, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { hasGitAbove } from '../core/git-folder.ts';
import type { FlowContext } from '../core/step.ts';
import { runProgram } from '../deploy/program.ts';

/** Where a release comes from. Nothing in it depends on the machine, the folder or the time of the build. */
export interface SourceInfo {
  readonly name: string;
  readonly version: string | null;
  readonly commit: string | null;
  readonly dirty: boolean;
  /** ISO 8601 in UTC. */
  readonly committedAt: string | null;
  readonly repository: string | null;
}

/** Reads git and package.json of the site's folder; both may be missing. */
export async function readSourceInfo(context: FlowContext, useGit: boolean): Promise<SourceInfo> {
  const manifest = await readPackage(context.rootDir);
  const { site, metadata } = context.config;
  const commit =
    !useGit || !hasGitAbove(context.rootDir) ? null : await git(context, ['rev-parse', '--verify', 'HEAD']);
  const time = commit === null ? null : await git(context, ['log', '-1', '--format=%ct']);
  return {
    name: site.title ?? manifest.name ?? 'site',
    version: metadata.version ?? manifest.version ?? null,
    commit,
    dirty: commit !== null && (await isDirty(context)),
    committedAt: time === null ? null : new Date(Number(time) * 1000).toISOString(),
    repository: manifest.repository ?? null,
  };
}

interface PackageFacts {
  readonly name?: string;
  readonly version?: string;
  readonly repository?: string;
}

async function readPackage(rootDir: string): Promise<PackageFacts> {
  const text = await readFile(path.join(rootDir, 'package.json'), 'utf8').catch(() => '{}');
  try {
    const { name, version, repository } = JSON.parse(text) as Record<string, unknown>;
    const url =
      typeof repository === 'object' && repository !== null && 'url' in repository
        ? repository.url
        : repository;
    return {
      ...(typeof name === 'string' ? { name } : {}),
      ...(typeof version === 'string' ? { version } : {}),
      ...(typeof url === 'string' ? { repository: withoutCredentials(url) } : {}),
    };
  } catch {
    // A broken package.json is the package manager's business; the release is only without its name.
    return {};
  }
}

/** `https://user:token@host/x` must not be published. */
function withoutCredentials(url: string): string {
  return url.replace(/^([a-z+]+:\/\/)[^/@]*@/i, '$1');
}

async function isDirty(context: FlowContext): Promise<boolean> {
  const status = await git(context, [
    'status',
    '--porcelain',
    '-z',
    '--untracked-files=normal',
    '--',
    '.',
    ':(exclude).flow',
  ]);
  for (const line of (status ?? '').split('\0').filter(Boolean)) {
    // An earlier release that lies here is no source.
    if (!line.startsWith('?? ') || !(await isRelease(context, line.slice(3)))) return true;
  }
  return false;
}

async function isRelease(context: FlowContext, name: string): Promise<boolean> {
  const top = (await git(context, ['rev-parse', '--show-toplevel'])) ?? context.rootDir;
  const found = await Promise.all(
    ['release.json', 'SHA256SUMS'].map((file) =>
      access(path.join(top, name, file)).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.every(Boolean);
}

/** Output of git without the last line break; null when git is missing, this is no repository, or it has no commit. */
async function git(context: FlowContext, args: readonly string[]): Promise<string | null> {
  const result = await runProgram({
    command: 'git',
    args,
    cwd: context.rootDir,
    env: { ...context.env, PATH: context.env.PATH ?? process.env.PATH },
    signal: context.signal,
  });
  return result.code === 0 ? result.stdout.toString('utf8').replace(/\n$/, '') : null;
}

/** The version of the flow itself. */
export function flowVersion(): string {
  const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };
  return version;
}
