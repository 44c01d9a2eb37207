import type { Logger } from 'pino';
import type { Database } from '#kernel/database/database.ts';
import { insertRun, type RunRow, selectRuns } from '../store.ts';

/**
 * The last runs of each project. Written behind the answer: a caller that waits for a program of ten milliseconds does not
 * also wait for the disk. Reading waits for what is still being written, so nobody misses their own run.
 */
export function createHistory(deps: {
  readonly database: Database;
  readonly log: Logger;
  readonly keep: number;
}) {
  const writing = new Set<Promise<void>>();

  async function settled(): Promise<void> {
    await Promise.all(writing);
  }

  return {
    remember(row: RunRow): void {
      const write = insertRun(deps.database, row, deps.keep).catch((error: unknown) =>
        deps.log.warn({ err: error, processId: row.process_id }, 'a run is missing in the history'),
      );
      writing.add(write);
      void write.finally(() => writing.delete(write));
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
