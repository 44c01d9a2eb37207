import assert from 'node:assert/strict';
import test from 'node:test';
import { Registry } from 'prom-client';
import { createCallMetrics } from './call-metrics.ts';

test('calls are told in Prometheus’s text format, with cumulative buckets', async () => {
  const registry = new Registry();
  const metrics = createCallMetrics(registry);
  metrics.record('fs.read', { status: 200, seconds: 0.0004 });
  metrics.record('fs.read', { status: 200, seconds: 0.001 });
  metrics.record('fs.read', { status: 404, seconds: 0.3 });
  metrics.record('run.exec', { status: 200, seconds: 60 });
  const lines = (await registry.metrics()).split('\n');
  for (const line of [
    '# TYPE api_requests_total counter',
    'api_requests_total{method="fs.read",status="200"} 2',
    'api_requests_total{method="fs.read",status="404"} 1',
    'api_requests_total{method="run.exec",status="200"} 1',
    '# TYPE api_request_duration_seconds histogram',
    'api_request_duration_seconds_bucket{le="0.001",method="fs.read"} 2',
    'api_request_duration_seconds_bucket{le="0.25",method="fs.read"} 2',
    'api_request_duration_seconds_bucket{le="0.5",method="fs.read"} 3',
    'api_request_duration_seconds_bucket{le="10",method="run.exec"} 0',
    'api_request_duration_seconds_bucket{le="+Inf",method="run.exec"} 1',
    'api_request_duration_seconds_sum{method="run.exec"} 60',
    'api_request_duration_seconds_count{method="fs.read"} 3',
  ]) {
    assert.ok(lines.includes(line), `${line} in\n${lines.join('\n')}`);
  }
});
