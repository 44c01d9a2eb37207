// The load that the gateway must hold: 1,000 signed-in calls a second, 100 files and programs at once, 1,000 open
// WebSockets; latencies, refusals, and the memory of the process tree before and after. CDS_BENCH_SECONDS sets how long.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { treeMemoryMiB } from '../support/memory.ts';
import { pacedPosts } from '../support/paced.ts';
import { type Caller, call, startForLoad } from './platform.ts';

const seconds = Number(process.env.CDS_BENCH_SECONDS ?? 60);
const folder = mkdtempSync(path.join(tmpdir(), 'cds-bench-load-'));

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** 1,000 calls a second, evenly, over at most 100 connections. */
async function steadyCalls({ url, token }: Caller): Promise<void> {
  const { latencies, failed } = await pacedPosts(
    {
      url: `${url}/rpc`,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ledger.balance', params: {} }),
    },
    { perSecond: 1_000, seconds },
  );
  const p99 = percentile(latencies, 0.99);
  console.log(
    `1,000 calls/s for ${seconds} s: ${latencies.length} answered, p50 ${percentile(latencies, 0.5).toFixed(1)} ms, ` +
      `p99 ${p99.toFixed(1)} ms, ${failed} failed (bar p99 100 ms, none failed): ${p99 < 100 && failed === 0 ? 'ok' : 'MISSED'}`,
  );
}

/** 100 callers at once, each in turn writing, reading and running. */
async function filesAndPrograms(caller: Caller, projectId: string): Promise<void> {
  const times = new Map<string, number[]>([
    ['fs.write', []],
    ['fs.read', []],
    ['run.exec', []],
  ]);
  const failures: string[] = [];
  const timed = async (method: string, params: object) => {
    const startedMs = performance.now();
    try {
      await call(caller, method, { projectId, ...params });
      times.get(method)?.push(performance.now() - startedMs);
    } catch (error) {
      failures.push(String(error));
    }
  };
  await Promise.all(
    Array.from({ length: 100 }, async (_, index) => {
      for (let round = 0; round < 3; round += 1) {
        await timed('fs.write', { path: `load-${index}.txt`, content: 'x'.repeat(4_096) });
        await timed('fs.read', { path: `load-${index}.txt` });
        await timed('run.exec', { command: 'true' });
      }
    }),
  );
  for (const [method, own] of times) {
    console.log(
      `100 at once, ${method}: ${own.length} answered, p50 ${percentile(own, 0.5).toFixed(0)} ms, p99 ${percentile(own, 0.99).toFixed(0)} ms`,
    );
  }
  const kinds = new Set(failures);
  console.log(`refused or failed: ${failures.length}${kinds.size > 0 ? ` (${[...kinds].join('; ')})` : ''}`);
}

/** 1,000 sockets stay open, each answering a call. */
async function manySockets({ url, token }: Caller): Promise<void> {
  const sockets = Array.from(
    { length: 1_000 },
    () =>
      new WebSocket(`${url.replace('http', 'ws')}/ws`, {
        headers: { authorization: `Bearer ${token}` },
        perMessageDeflate: false,
      }),
  );
  await Promise.all(sockets.map((socket) => once(socket, 'open')));
  const startedMs = performance.now();
  await Promise.all(
    sockets.map((socket) => {
      socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ledger.balance', params: {} }));
      return once(socket, 'message');
    }),
  );
  console.log(`1,000 WebSockets open, all answered within ${(performance.now() - startedMs).toFixed(0)} ms`);
  for (const socket of sockets) socket.terminate();
}

try {
  await using running = await startForLoad(folder);
  const { caller, projectId } = running;
  await sleep(5_000);
  const beforeMiB = treeMemoryMiB(running.processId);
  await steadyCalls(caller);
  await filesAndPrograms(caller, projectId);
  await manySockets(caller);
  await sleep(10_000);
  const afterMiB = treeMemoryMiB(running.processId);
  console.log(`process tree (PSS): ${beforeMiB.toFixed(0)} MiB before, ${afterMiB.toFixed(0)} MiB after`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
