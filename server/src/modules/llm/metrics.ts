import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { isFault } from '#base/fault.ts';
import type { LocalModels } from './local-models.ts';

export interface InferenceMetrics {
  /** A request runs on this model; call what is returned when it has ended. */
  begin(model: string): RunningRequest;
  /** A candidate failed and another one was tried. */
  fellBack(model: string): void;
  activeSessions(): number;
}

export interface RunningRequest {
  firstToken(): void;
  ended(outcome: { readonly error?: unknown; readonly completionTokens: number }): void;
}

const seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

/** The model server's metrics, by model. Only models that exist become labels. */
export function createInferenceMetrics(
  registry: Registry,
  { models, nowMs }: { readonly models: LocalModels; readonly nowMs: () => number },
): InferenceMetrics {
  const registers = [registry];
  const labelNames = ['model'] as const;
  const requests = new Counter({
    name: 'llm_requests_total',
    help: 'Finished model requests by model and outcome',
    labelNames: ['model', 'outcome'],
    registers,
  });
  const tokens = new Counter({
    name: 'llm_tokens_generated',
    help: 'Generated tokens by model',
    labelNames,
    registers,
  });
  const duration = new Histogram({
    name: 'llm_inference_duration_seconds',
    help: 'Time from the request’s start on a model to its end',
    labelNames,
    buckets: seconds,
    registers,
  });
  const firstToken = new Histogram({
    name: 'llm_time_to_first_token_seconds',
    help: 'Time from the request’s start on a model to its first piece',
    labelNames,
    buckets: seconds,
    registers,
  });
  const active = new Gauge({
    name: 'llm_active_sessions',
    help: 'Running model requests',
    labelNames,
    registers,
  });
  const ofModels = (
    name: string,
    help: string,
    value: (model: Awaited<ReturnType<LocalModels['list']>>[number]) => number,
  ) =>
    new Gauge({
      name,
      help,
      labelNames,
      registers,
      async collect() {
        this.reset();
        for (const model of await models.list()) {
          if (model.state !== 'available') this.set({ model: model.id }, value(model));
        }
      },
    });
  ofModels('llm_model_memory_bytes', 'Memory of loaded models', (model) => model.residentBytes ?? 0);
  ofModels('llm_queue_length', 'Requests that wait for a slot', (model) => model.queuedRequests);
  let running = 0;

  return {
    begin(model) {
      const startedMs = nowMs();
      running += 1;
      active.inc({ model });
      return {
        firstToken: () => firstToken.observe({ model }, (nowMs() - startedMs) / 1_000),
        ended({ error, completionTokens }) {
          running -= 1;
          active.dec({ model });
          requests.inc({ model, outcome: outcomeOf(error) });
          if (completionTokens > 0) tokens.inc({ model }, completionTokens);
          duration.observe({ model }, (nowMs() - startedMs) / 1_000);
        },
      };
    },
    fellBack: (model) => requests.inc({ model, outcome: 'fallback' }),
    activeSessions: () => running,
  };
}

/** `ok`, or the fault's code. */
export function outcomeOf(error: unknown): string {
  if (error === undefined) return 'ok';
  if (isFault(error)) return error.code;
  return 'common.internal';
}
