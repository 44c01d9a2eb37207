import { Fault } from '#base/fault.ts';
import type { FaultCatalogue } from '../rpc/fault-catalogue.ts';
import type { CallMetrics } from './call-metrics.ts';

/** Counts and times calls at the edge, by the status that their outcome stands for. */
export interface CallMeter {
  record(method: string, outcome: { startedAtMs: number; error?: unknown }): void;
}

export function createCallMeter(metrics: CallMetrics, catalogue: FaultCatalogue): CallMeter {
  function statusOf(error: unknown): number {
    if (error === undefined) return 200;
    return (error instanceof Fault ? catalogue.definitions.get(error.code)?.status : undefined) ?? 500;
  }
  return {
    record(method, { startedAtMs, error }) {
      const seconds = (performance.now() - startedAtMs) / 1_000;
      metrics.record(method, { status: statusOf(error), seconds });
    },
  };
}
