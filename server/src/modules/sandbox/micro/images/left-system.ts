import { writeFileSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { runProgram } from './programs.ts';

/** mmdebstrap names the folder in which it installs, and removes it at its end unless it is killed. */
const systemFolder = /^I: using (\/\S+\/mmdebstrap\.\w+) as tempdir$/;
const leftSystemFile = 'left-system';

/** Keeps the name of the folder when this line of mmdebstrap tells it: at once, as the next line may never come. */
export function noteSystem(work: string, line: string): void {
  const folder = systemFolder.exec(line)?.[1];
  if (folder !== undefined) writeFileSync(path.join(work, leftSystemFile), folder);
}

/** The build has come to its end, and mmdebstrap has removed the folder itself. */
export async function forgetSystem(work: string): Promise<void> {
  await rm(path.join(work, leftSystemFile), { force: true });
}

/** Removes the half installed system of a build that was killed, and first what it had mounted there: that is the host's own. */
export async function removeLeftSystem(work: string): Promise<void> {
  const left = await readFile(path.join(work, leftSystemFile), 'utf8').catch(() => null);
  if (left === null || systemFolder.exec(`I: using ${left} as tempdir`) === null) return;
  const mounts = (await readFile('/proc/self/mounts', 'utf8'))
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((place) => place.startsWith(`${left}/`));
  // The innermost first; whatever cannot be unmounted is not entered either.
  for (const place of mounts.toReversed())
    await runProgram({ file: 'umount', args: ['-l', '--', place] }).catch(() => undefined);
  await runProgram({ file: 'rm', args: ['-rf', '--one-file-system', '--', left] }).catch(() => undefined);
}
