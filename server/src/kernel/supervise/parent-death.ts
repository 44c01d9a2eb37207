import { spawnSync } from 'node:child_process';

let found: boolean | undefined;

/**
 * What has to stand before a program that must not outlive this process: the kernel then sends it the signal when we
 * die, however we die (prctl(2), PR_SET_PDEATHSIG). Empty elsewhere than on Linux, or where util-linux is missing. The
 * program keeps the process id; it must be started from the main thread, which is the one whose end counts.
 */
export function endsWithParent(signal: 'INT' | 'KILL'): readonly string[] {
  found ??=
    process.platform === 'linux' && spawnSync('setpriv', ['--version'], { stdio: 'ignore' }).status === 0;
  return found ? ['setpriv', '--pdeathsig', signal] : [];
}
