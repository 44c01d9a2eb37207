import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** The present time by the clock that stamps files there: that of a network drive may go differently from the machine's. */
export async function fileTime(folder: string): Promise<Date> {
  const file = path.join(folder, `time-${crypto.randomUUID()}`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  try {
    await writeFile(file, '', { mode: 0o600 });
    return (await stat(file)).mtime;
  } finally {
    await rm(file, { force: true });
  }
}
