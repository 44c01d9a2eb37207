import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { type CallMetrics, createCallMetrics } from './call-metrics.ts';

/** Metrics of every service's HTTP and RPC edge. */
export interface EdgeMetrics {
  readonly calls: CallMetrics;
  readonly sessions: Gauge;
}

/** A registry of its own for each process, with Node's default metrics. */
export function createMetrics(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}

/** @see spec: api_requests_total, api_request_duration_seconds, active_sessions */
export function createEdgeMetrics(registry: Registry): EdgeMetrics {
  return {
    calls: createCallMetrics(registry),
    sessions: new Gauge({
      name: 'active_sessions',
      help: 'Open WebSocket connections',
      registers: [registry],
    }),
  };
}
