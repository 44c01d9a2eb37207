import { useEffect } from 'react';
import { refreshProject } from '../../app/queries.ts';
import { rpc } from '../../rpc/client.ts';
import type { DocumentStore } from './document-store.ts';

const gatherMs = 250;
const firstPauseMs = 2_000;
const longestPauseMs = 60_000;

/** Follows changes in the workspace that others make: programs in the sandbox, other people, other tabs. */
export function useWatch(documents: DocumentStore): void {
  useEffect(() => {
    const { projectId } = documents;
    const leaving = new AbortController();
    let changed = new Set<string>();
    let overflowed = false;
    let timer: ReturnType<typeof setTimeout> | undefined;

    function tell() {
      timer = undefined;
      documents.changedOnServer(overflowed ? undefined : changed);
      changed = new Set();
      overflowed = false;
      void refreshProject(projectId);
    }

    async function watch() {
      for (
        let pauseMs = firstPauseMs;
        !leaving.signal.aborted;
        pauseMs = Math.min(pauseMs * 2, longestPauseMs)
      ) {
        try {
          await rpc.stream(
            'fs.watch',
            { projectId },
            {
              signal: leaving.signal,
              restartable: true,
              onChunk: ({ changes, overflow }) => {
                pauseMs = firstPauseMs;
                if (changes.length === 0 && !overflow) return;
                for (const change of changes) changed.add(change.path);
                overflowed ||= overflow;
                timer ??= setTimeout(tell, gatherMs);
              },
            },
          );
        } catch {
          // Away or refused: what is shown stays; the next try comes after the pause.
        }
        if (leaving.signal.aborted) return;
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
        if (leaving.signal.aborted) return;
        // What changed while nobody watched is not known.
        overflowed = true;
        tell();
      }
    }
    void watch();
    return () => {
      clearTimeout(timer);
      leaving.abort();
    };
  }, [documents]);
}
