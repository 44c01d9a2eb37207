import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** Metrics of every service's HTTP and RPC edge. */
export interface EdgeMetrics {
  readonly requests: Counter<'method' | 'status'>;
  readonly duration: Histogram<'method'>;
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
    requests: new Counter({
      name: 'api_requests_total',
      help: 'Finished API requests by method and status',
      labelNames: ['method', 'status'],
      registers: [registry],
    }),
    duration: new Histogram({
      name: 'api_request_duration_seconds',
      help: 'Time from request to answer by method',
      labelNames: ['method'],
      buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers: [registry],
    }),
    sessions: new Gauge({
      name: 'active_sessions',
      help: 'Open WebSocket connections',
      registers: [registry],
    }),
  };
}
