/** One finished request, as the administration shows it. */
export interface FinishedRequest {
  readonly at: string;
  readonly username: string;
  readonly model: string;
  readonly endpoint: string;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly firstTokenMs: number | null;
  readonly durationMs: number;
  /** `ok`, or the code of its fault. */
  readonly outcome: string;
}

/** What happened in one minute. */
export interface MinuteOfModels {
  readonly at: string;
  readonly models: readonly MinuteOfModel[];
}

interface MinuteOfModel {
  readonly model: string;
  readonly requests: number;
  readonly failed: number;
  readonly tokens: number;
}

/** The last requests and the last hour by minutes. In this process's memory: a restart begins anew. */
export interface Activity {
  note(request: Omit<FinishedRequest, 'at'>): void;
  /** Newest first. */
  requests(): readonly FinishedRequest[];
  /** The last sixty minutes, oldest first, those without requests included. */
  minutes(): readonly MinuteOfModels[];
}

const requestsKept = 50;
const minutesShown = 60;
const minuteMs = 60_000;
const modelsInMinute = 100;

type Counts = { requests: number; failed: number; tokens: number };

export function createActivity(now: () => number): Activity {
  const last: FinishedRequest[] = [];
  const byMinute = new Map<number, Map<string, Counts>>();

  function countsOf(minute: number, model: string): Counts | undefined {
    let models = byMinute.get(minute);
    if (models === undefined) {
      models = new Map();
      byMinute.set(minute, models);
      for (const old of byMinute.keys()) if (old <= minute - minutesShown) byMinute.delete(old);
    }
    let counts = models.get(model);
    if (counts === undefined) {
      if (models.size >= modelsInMinute) return undefined;
      counts = { requests: 0, failed: 0, tokens: 0 };
      models.set(model, counts);
    }
    return counts;
  }

  return {
    note(request) {
      const nowMs = now();
      last.push({ ...request, at: new Date(nowMs).toISOString() });
      if (last.length > requestsKept) last.shift();
      const counts = countsOf(Math.floor(nowMs / minuteMs), request.model);
      if (counts === undefined) return;
      counts.requests += 1;
      counts.tokens += request.promptTokens + request.completionTokens;
      if (isFailure(request.outcome)) counts.failed += 1;
    },
    requests: () => last.toReversed(),
    minutes() {
      const current = Math.floor(now() / minuteMs);
      return Array.from({ length: minutesShown }, (_, index) => {
        const minute = current - minutesShown + 1 + index;
        const models = byMinute.get(minute) ?? new Map<string, Counts>();
        return {
          at: new Date(minute * minuteMs).toISOString(),
          models: [...models].map(([model, counts]) => ({ model, ...counts })),
        };
      });
    },
  };
}

/** Someone who leaves is no failure of the model. */
function isFailure(outcome: string): boolean {
  return outcome !== 'ok' && outcome !== 'common.cancelled';
}
