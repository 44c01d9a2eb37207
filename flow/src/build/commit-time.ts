import { hasGitAbove } from '../core/git-folder.ts';
import { runProgram } from '../deploy/program.ts';

/**
 * The time of the commit as an ISO time in UTC: `SOURCE_DATE_EPOCH` (reproducible-builds.org) when set, else git's committer
 * date, else null. Never the present.
 */
export async function readCommitTime(
  rootDir: string,
  env: Readonly<Record<string, string | undefined>>,
  useGit: boolean,
): Promise<string | null> {
  const wished = env.SOURCE_DATE_EPOCH;
  if (wished !== undefined && /^\d{1,11}$/.test(wished)) return isoTime(Number(wished));
  if (!useGit || !hasGitAbove(rootDir)) return null;
  const { code, stdout } = await runProgram({
    command: 'git',
    args: ['-c', 'core.fsmonitor=false', '-c', 'log.showSignature=false', 'log', '-1', '--format=%ct'],
    cwd: rootDir,
    timeoutMs: 20_000,
  });
  const seconds = Number(stdout.toString('utf8').trim());
  return code === 0 && Number.isSafeInteger(seconds) && seconds > 0 ? isoTime(seconds) : null;
}

function isoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
}
