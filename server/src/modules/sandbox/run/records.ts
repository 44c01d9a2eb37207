import type { Logger } from 'pino';
import type { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { Counter as MakeCounter, Gauge as MakeGauge, Histogram as MakeHistogram } from 'prom-client';
import type { Call } from '#base/contract.ts';
import type { Publish } from '#kernel/module.ts';
import type { sandboxContract } from '../contract.ts';
import type { EngineName } from '../contract-execute.ts';
import type { KilledBy } from './contract-shapes.ts';

export interface OperationStart {
  readonly processId: string;
  readonly projectId: string;
  readonly userId: string;
  readonly engine: EngineName;
  readonly operation: 'exec' | 'stream' | 'terminal' | 'call';
}

export interface OperationEnd {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly killedBy: KilledBy | 'idle' | null;
  readonly durationMs: number;
  readonly cpuMs: number;
  readonly peakMemoryBytes: number;
}

/** Tells the rest of the platform what runs: events, metrics, log. A failing event never fails a run. */
export interface Records {
  /** Counts an operation that is over at once, such as a file's. */
  readonly operation: (engine: 'fs', operation: string) => void;
  readonly started: (operation: OperationStart, command: string, call: Call) => void;
  readonly finished: (operation: OperationStart, end: OperationEnd, call: Call) => void;
}

interface SandboxMetrics {
  readonly operations: Counter<'engine' | 'operation'>;
  readonly ended: Counter<'engine' | 'ended_by'>;
  readonly duration: Histogram<'engine' | 'operation'>;
  readonly running: Gauge<'engine' | 'operation'>;
}

function createSandboxMetrics(registry: Registry): SandboxMetrics {
  const registers = [registry];
  return {
    operations: new MakeCounter({
      name: 'sandbox_operations_total',
      help: 'Sandbox operations by engine and kind',
      labelNames: ['engine', 'operation'],
      registers,
    }),
    ended: new MakeCounter({
      name: 'sandbox_ended_total',
      help: 'Ended programs by what ended them: exit, or the limit or person by name',
      labelNames: ['engine', 'ended_by'],
      registers,
    }),
    duration: new MakeHistogram({
      name: 'sandbox_duration_seconds',
      help: 'How long programs ran',
      labelNames: ['engine', 'operation'],
      buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 600],
      registers,
    }),
    running: new MakeGauge({
      name: 'sandbox_running',
      help: 'Programs that run now',
      labelNames: ['engine', 'operation'],
      registers,
    }),
  };
}

export function createRecords(deps: {
  readonly publish: Publish<typeof sandboxContract>;
  readonly metrics: Registry;
  readonly log: Logger;
}): Records {
  const metrics = createSandboxMetrics(deps.metrics);
  const warn = (error: unknown) => deps.log.warn({ err: error }, 'a sandbox event could not be announced');

  return {
    operation: (engine, operation) => metrics.operations.inc({ engine, operation }),
    started(operation, command, call) {
      const { engine } = operation;
      const labels = { engine, operation: operation.operation };
      metrics.operations.inc(labels);
      metrics.running.inc(labels);
      deps
        .publish(
          'sandbox.started',
          { ...operation, command: command.slice(0, 200) },
          { traceId: call.traceId, actorId: operation.userId },
        )
        .catch(warn);
    },
    finished(operation, end, call) {
      const { engine } = operation;
      const labels = { engine, operation: operation.operation };
      metrics.running.dec(labels);
      metrics.ended.inc({ engine, ended_by: end.killedBy ?? 'exit' });
      metrics.duration.observe(labels, end.durationMs / 1000);
      deps.log.info(
        { ...operation, exitCode: end.exitCode, killedBy: end.killedBy, traceId: call.traceId },
        'a program in a sandbox has ended',
      );
      deps
        .publish(
          'sandbox.finished',
          { ...operation, ...end },
          { traceId: call.traceId, actorId: operation.userId },
        )
        .catch(warn);
    },
  };
}
