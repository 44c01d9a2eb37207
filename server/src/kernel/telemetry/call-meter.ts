import type { Counter, Histogram } from 'prom-client';
import { Fault } from '#base/fault.ts';
import type { FaultCatalogue } from '../rpc/fault-catalogue.ts';
import type { EdgeMetrics } from './metrics.ts';

/** Counts and times calls at the edge. */
export interface CallMeter {
  /** `method` must be a known name: labels of a client's choice would fill memory. */
  record(method: string, outcome: { startedAtMs: number; error?: unknown }): void;
}

interface MethodMeter {
  readonly duration: Histogram.Internal<'method'>;
  readonly byStatus: Map<number, Counter.Internal>;
}

/** Looks each series up once: finding it by its labels costs more than counting. */
export function createCallMeter(metrics: EdgeMetrics, catalogue: FaultCatalogue): CallMeter {
  const meters = new Map<string, MethodMeter>();

  function statusOf(error: unknown): number {
    if (error === undefined) return 200;
    return (error instanceof Fault ? catalogue.definitions.get(error.code)?.status : undefined) ?? 500;
  }

  return {
    record(method, { startedAtMs, error }) {
      let meter = meters.get(method);
      if (meter === undefined) {
        meter = { duration: metrics.duration.labels({ method }), byStatus: new Map() };
        meters.set(method, meter);
      }
      const status = statusOf(error);
      let counter = meter.byStatus.get(status);
      if (counter === undefined) {
        counter = metrics.requests.labels({ method, status: String(status) });
        meter.byStatus.set(status, counter);
      }
      counter.inc();
      meter.duration.observe((performance.now() - startedAtMs) / 1_000);
    },
  };
}
