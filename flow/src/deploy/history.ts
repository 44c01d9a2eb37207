import { appendFile, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** One deploy or rollback from this machine. Times are ISO 8601 in UTC. */
export interface HistoryEntry {
  readonly at: string;
  readonly action: 'deploy' | 'rollback';
  readonly target: string;
  readonly releaseId: string;
  readonly previousId: string | null;
  /**
   * Paths whose content a visitor gets anew: pages and files under their own names that were added, changed or removed.
   * null when the release before is not known; then everything counts as changed.
   */
  readonly changedPaths: readonly string[] | null;
}

const HISTORY = 'deploys.jsonl';
const LAST = 'last-deploy.json';

/** Adds an entry to the history in the work folder; the newest one of each run also stands alone for purge and verify. */
export async function recordDeploy(workDir: string, entries: readonly HistoryEntry[]): Promise<void> {
  await mkdir(workDir, { recursive: true });
  await appendFile(
    path.join(workDir, HISTORY),
    entries
      .map((entry) => `${JSON.stringify({ ...entry, changedPaths: entry.changedPaths?.length ?? null })}\n`)
      .join(''),
  );
  const temporary = path.join(workDir, `.${LAST}-${process.pid}`);
  await writeFile(temporary, JSON.stringify(entries));
  await rename(temporary, path.join(workDir, LAST));
}

/** What the last deploy or rollback changed; null when there was none from this machine. */
export async function readLastDeploy(workDir: string): Promise<readonly HistoryEntry[] | null> {
  const text = await readFile(path.join(workDir, LAST), 'utf8').catch(() => null);
  return text === null ? null : (JSON.parse(text) as readonly HistoryEntry[]);
}

/** The history, newest first. `changedPaths` is left out there. A line cut by a crash is skipped. */
export async function readHistory(workDir: string): Promise<Array<Omit<HistoryEntry, 'changedPaths'>>> {
  const text = await readFile(path.join(workDir, HISTORY), 'utf8').catch(() => '');
  return text
    .split('\n')
    .flatMap((line) => {
      try {
        const { changedPaths: _, ...entry } = JSON.parse(line) as HistoryEntry;
        return [entry];
      } catch {
        return [];
      }
    })
    .reverse();
}
