import type { Logger } from 'pino';
import type { Database } from '#kernel/database/database.ts';
import { insertRuns, pruneRuns, type RunRow, selectRuns } from '../store.ts';

/** Runs that end within so long of one another are written together. */
const gatherMs = 100;

/**
 * The last runs of each project. Written behind the answer, many at once: whoever waits for a program of ten milliseconds does
 * not also wait for the disk. Reading waits for what is still to be written, so nobody misses their own run; a server that is
 * killed loses at most the history of its last tenth of a second, never a result.
 */
export function createHistory(deps: {
  readonly database: Database;
  readonly log: Logger;
  readonly keep: number;
}) {
  let gathered: RunRow[] = [];
  let timer: NodeJS.Timeout | null = null;
  let writing: Promise<void> = Promise.resolve();

  async function write(rows: readonly RunRow[]): Promise<void> {
    try {
      await insertRuns(deps.database, rows);
      for (const projectId of new Set(rows.map((row) => row.project_id))) {
        await pruneRuns(deps.database, projectId, deps.keep);
      }
    } catch (error) {
      deps.log.warn({ err: error, runs: rows.length }, 'runs are missing in the history');
    }
  }

  /** Writes what is gathered; settles when everything up to now is in the database. */
  function settled(): Promise<void> {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    const rows = gathered;
    gathered = [];
    if (rows.length > 0) writing = writing.then(() => write(rows));
    return writing;
  }

  return {
    remember(row: RunRow): void {
      gathered.push(row);
      timer ??= setTimeout(settled, gatherMs);
    },
    async page(request: { projectId: string; cursor: string | null; limit: number }) {
      await settled();
      const rows = await selectRuns(deps.database, { ...request, limit: request.limit + 1 });
      const runs = rows.slice(0, request.limit).map(describe);
      const last = runs.at(-1);
      return { runs, nextCursor: rows.length > request.limit && last !== undefined ? last.processId : null };
    },
    settled,
  };
}

function describe(row: RunRow) {
  return {
    processId: row.process_id,
    engine: row.engine,
    fuelUsed: row.fuel_used === null ? null : Number(row.fuel_used),
    userId: row.user_id,
    configId: row.config_id,
    command: row.command,
    args: [...row.args],
    startedAt: row.started_at.toISOString(),
    exitCode: row.exit_code,
    signal: row.signal,
    killedBy: row.killed_by,
    durationMs: row.duration_ms,
    cpuMs: row.cpu_ms,
    peakMemoryBytes: Number(row.peak_memory_bytes),
    peakProcesses: row.peak_processes,
    outputBytes: Number(row.output_bytes),
    limits: row.limits,
  };
}
