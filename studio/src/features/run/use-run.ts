import { useCallback, useRef, useState } from 'react';
import { queryClient } from '../../app/query-client.ts';
import { rpc } from '../../rpc/client.ts';
import type { Chunk, Params, Result } from '../../rpc/contracts.ts';

export type RunResult = Result<'run.stream'>;
export type Sample = Extract<Chunk<'run.stream'>, { kind: 'sample' }>;
export type RunInput = Omit<Params<'run.stream'>, 'projectId'>;

export interface OutputPart {
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}

/** One run as the panel shows it, from its start to what ended it. */
export interface RunState {
  readonly status: 'idle' | 'running' | 'ended' | 'failed';
  readonly processId?: string;
  readonly parts: readonly OutputPart[];
  readonly samples: readonly Sample[];
  readonly result?: RunResult;
  readonly error?: unknown;
}

const idle: RunState = { status: 'idle', parts: [], samples: [] };
const paintMs = 50;

function textOf(data: string, encoding: 'utf8' | 'base64'): string {
  return encoding === 'utf8'
    ? data
    : new TextDecoder().decode(Uint8Array.from(atob(data), (char) => char.charCodeAt(0)));
}

/** Starts runs and gathers their output; repainted at most 20 times a second however fast it comes. */
export function useRun(projectId: string) {
  const [state, setState] = useState<RunState>(idle);
  const live = useRef<RunState>(idle);
  const paint = useRef<ReturnType<typeof setTimeout>>(undefined);

  const change = useCallback((next: RunState) => {
    live.current = next;
    paint.current ??= setTimeout(() => {
      paint.current = undefined;
      setState(live.current);
    }, paintMs);
  }, []);

  const start = useCallback(
    async (input: RunInput) => {
      change({ status: 'running', parts: [], samples: [] });
      try {
        const result = await rpc.stream(
          'run.stream',
          { projectId, ...input },
          {
            onChunk: (chunk) => {
              const now = live.current;
              if (chunk.kind === 'started') change({ ...now, processId: chunk.processId });
              else if (chunk.kind === 'sample') change({ ...now, samples: [...now.samples, chunk] });
              else
                change({
                  ...now,
                  parts: [...now.parts, { stream: chunk.stream, text: textOf(chunk.data, chunk.encoding) }],
                });
            },
          },
        );
        change({ ...live.current, status: 'ended', result });
      } catch (error) {
        change({ ...live.current, status: 'failed', error });
      }
      await queryClient.invalidateQueries({ queryKey: ['run.history', projectId] });
    },
    [projectId, change],
  );

  const stop = useCallback(async () => {
    const { processId } = live.current;
    if (processId !== undefined) await rpc.call('run.kill', { processId });
  }, []);

  return { state, start, stop };
}
