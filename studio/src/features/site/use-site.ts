import { queryOptions } from '@tanstack/react-query';
import { queryClient } from '../../app/query-client.ts';
import { rpc } from '../../rpc/client.ts';
import type { Chunk, Result } from '../../rpc/contracts.ts';
import { createStore, type Store } from '../../ui/store.ts';

export type SiteState = Result<'site.state'>;
export type SiteReport = NonNullable<SiteState['report']>;
export type SiteRelease = SiteState['releases'][number];
type SiteEvent = Chunk<'site.build'>;

export const siteKey = (projectId: string) => ['project', projectId, 'site'];

export const siteQuery = (projectId: string) =>
  queryOptions({
    queryKey: [...siteKey(projectId), 'state'],
    queryFn: () => rpc.call('site.state', { projectId }),
  });

/** A line of the list of steps, while they run and afterwards. */
export interface StepLine {
  readonly step: string;
  readonly position: number;
  readonly outcome: SiteReport['steps'][number]['outcome'] | 'running';
  readonly summary: { readonly en: string; readonly de: string };
  readonly warnings: number;
  readonly durationMs: number | null;
}

export interface SiteRun {
  readonly doing: 'nothing' | 'build' | 'deploy';
  readonly lines: readonly StepLine[];
  readonly error: unknown;
}

const idle: SiteRun = { doing: 'nothing', lines: [], error: undefined };

/** One project's build or deploy of this tab; it goes on while other views are shown. */
export class SiteRunner {
  readonly state: Store<SiteRun> = createStore(idle);
  readonly #projectId: string;

  constructor(projectId: string) {
    this.#projectId = projectId;
  }

  /** Resolves with the report; undefined when there is none, and `state` then holds the error. */
  async start(doing: 'build' | 'deploy'): Promise<SiteReport | undefined> {
    if (this.state.get().doing !== 'nothing') return undefined;
    this.state.set({ ...idle, doing });
    try {
      const report = await rpc.stream(
        `site.${doing}`,
        { projectId: this.#projectId },
        {
          onChunk: (event) =>
            this.state.set({ ...this.state.get(), lines: withEvent(this.state.get().lines, event) }),
        },
      );
      this.state.set({ ...idle, lines: linesOf(report) });
      return report;
    } catch (error) {
      this.state.set({ ...this.state.get(), doing: 'nothing', error });
      return undefined;
    } finally {
      await queryClient.invalidateQueries({ queryKey: siteKey(this.#projectId) });
    }
  }
}

const runners = new Map<string, SiteRunner>();

export function siteRunnerOf(projectId: string): SiteRunner {
  const known = runners.get(projectId) ?? new SiteRunner(projectId);
  runners.set(projectId, known);
  return known;
}

export function linesOf(report: SiteReport): StepLine[] {
  return report.steps.map((step) => ({ ...step, warnings: step.warnings.length }));
}

/** The list with what an event tells. */
export function withEvent(lines: readonly StepLine[], event: SiteEvent): StepLine[] {
  const change = (next: Partial<StepLine>) =>
    lines.map((line) => (line.step === event.step ? { ...line, ...next } : line));
  switch (event.kind) {
    case 'started': {
      const { step, position, title } = event;
      const fresh: StepLine = {
        step,
        position,
        outcome: 'running',
        summary: title,
        warnings: 0,
        durationMs: null,
      };
      return [...lines.filter((line) => line.step !== step), fresh];
    }
    case 'warning':
      return lines.map((line) =>
        line.step === event.step ? { ...line, warnings: line.warnings + 1 } : line,
      );
    case 'finished':
      return change({
        outcome: event.outcome === 'skipped' ? 'skipped' : 'done',
        summary: event.summary,
        durationMs: event.durationMs,
      });
    case 'failed':
      return change({ outcome: 'failed', durationMs: event.durationMs });
    default:
      return [...lines];
  }
}
