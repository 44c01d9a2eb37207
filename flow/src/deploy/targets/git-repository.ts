import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { FlowFault } from '../../core/fault.ts';
import type { GitTargetConfig } from '../config.ts';
import { interruptedFault } from '../faults.ts';
import { lastLine, type ProgramResult, runProgram } from '../program.ts';
import type { TargetDependencies } from '../target.ts';

/** A bare repository of our own, beside the site's: deploys never touch its work tree, index, branches or hooks. */
export type GitRepository = Readonly<{
  dir: string;
  url: string;
  branch: string;
  /** Runs git in it. @throws deploy.git_failed, deploy.program_missing, deploy.interrupted */
  run(args: readonly string[], options?: GitOptions): Promise<Buffer>;
  /** Like `run`, but answers failures too. */
  attempt(args: readonly string[], options?: GitOptions): Promise<ProgramResult>;
}>;

type GitOptions = Readonly<{ input?: string; env?: Readonly<Record<string, string>> }>;

/** Opens (and makes, the first time) the repository that belongs to a target's remote. */
export async function openGitRepository(
  config: GitTargetConfig,
  deps: TargetDependencies,
): Promise<GitRepository> {
  const named = await runGit(['remote', 'get-url', '--push', config.remote], { deps, env: {} });
  const url = named.code === 0 ? named.stdout.toString('utf8').trim() : config.remote;
  const key = createHash('sha256').update(`${url}\0${config.branch}`).digest('hex').slice(0, 16);
  const dir = path.join(deps.workDir, 'deploy-git', key);
  const attempt = (args: readonly string[], options: GitOptions = {}) =>
    runGit(args, {
      deps,
      env: { GIT_DIR: dir, ...options.env },
      ...(options.input === undefined ? {} : { input: options.input }),
    });
  const run = async (args: readonly string[], options: GitOptions = {}) => {
    const result = await attempt(args, options);
    if (result.code !== 0) throw gitFault({ url, branch: config.branch, result, signal: deps.signal });
    return result.stdout;
  };
  await mkdir(dir, { recursive: true });
  await run(['init', '--quiet', '--bare', dir]);
  return { dir, url, branch: config.branch, run, attempt };
}

/**
 * Brings the branch's newest commits; answers its tip, or null when the branch doesn't exist yet.
 * @throws deploy.git_failed
 */
export async function fetchBranch(
  repository: GitRepository,
  depth: number,
  signal: AbortSignal,
): Promise<string | null> {
  const { url, branch } = repository;
  const reference = `refs/deploy/${branch}`;
  const result = await repository.attempt([
    ...['fetch', '--quiet', '--no-tags', '--update-shallow', `--depth=${depth}`, '--', url],
    `+refs/heads/${branch}:${reference}`,
  ]);
  if (result.code !== 0) {
    if (/couldn't find remote ref/i.test(result.stderr)) return null;
    throw gitFault({ url, branch, result, signal });
  }
  return (await repository.run(['rev-parse', '--verify', reference])).toString('utf8').trim();
}

/** A failed git command; credentials in an address are never shown. */
export function gitFault(input: {
  url: string;
  branch: string;
  result: ProgramResult;
  signal: AbortSignal;
}): FlowFault {
  if (input.signal.aborted) return interruptedFault();
  if (input.result.missing) {
    return new FlowFault('deploy.program_missing', {
      text: { en: 'git is not installed.', de: 'git ist nicht installiert.' },
      fix: { en: 'apt-get install git', de: 'apt-get install git' },
    });
  }
  const reason = hideCredentials(lastLine(input.result.stderr));
  const where = hideCredentials(input.url);
  return new FlowFault('deploy.git_failed', {
    text: {
      en: `git and ${where} (${input.branch}): ${reason}. The live release is unchanged.`,
      de: `git und ${where} (${input.branch}): ${reason}. Das laufende Release ist unverändert.`,
    },
    fix: {
      en: `Check address and access: git ls-remote ${where}`,
      de: `Adresse und Zugang prüfen: git ls-remote ${where}`,
    },
  });
}

function hideCredentials(text: string): string {
  return text.replace(/\/\/[^/@\s]+@/g, '//***@');
}

function runGit(
  args: readonly string[],
  options: { deps: TargetDependencies; env: Readonly<Record<string, string>>; input?: string },
): Promise<ProgramResult> {
  const { deps, env, input } = options;
  return runProgram({
    command: 'git',
    args,
    cwd: deps.rootDir,
    // A question on a terminal nobody watches would hang for ever.
    env: { ...process.env, ...deps.env, GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C', ...env },
    signal: deps.signal,
    ...(input === undefined ? {} : { input }),
  });
}
