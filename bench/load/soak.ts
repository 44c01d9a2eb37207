// Ten minutes of ordinary use: calls, files, programs, sockets that come and go. What leaks stays in the old generation of
// the server's heap; the young one grows with the rate of calls and is given back. CDS_BENCH_MINUTES sets how long.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { treeHeapMiB } from '../support/memory.ts';
import { type Caller, call, startForLoad } from './platform.ts';

const minutes = Number(process.env.CDS_BENCH_MINUTES ?? 10);
const folder = mkdtempSync(path.join(tmpdir(), 'cds-bench-soak-'));
let calls = 0;

async function socketVisit({ url, token }: Caller): Promise<void> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, {
    headers: { authorization: `Bearer ${token}` },
  });
  await once(socket, 'open');
  socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ledger.balance', params: {} }));
  await once(socket, 'message');
  socket.close();
  await once(socket, 'close');
}

/** In use at this moment; the least of some moments is what the collector could not free. */
async function oldGenerationMiB(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const bytes = Number(/^nodejs_heap_space_size_used_bytes\{[^}]*space="old"[^}]*\} (\S+)/m.exec(text)?.[1]);
  if (Number.isNaN(bytes)) throw new Error(`no figure of the heap in ${text.slice(0, 200)}`);
  return bytes / 2 ** 20;
}

/** One visitor's turn; eight of them at once, each pausing a little. */
async function turn(caller: Caller, projectId: string, index: number): Promise<void> {
  const file = `soak-${index % 50}.txt`;
  await call(caller, 'fs.write', { projectId, path: file, content: `${index} `.repeat(500) });
  await call(caller, 'fs.read', { projectId, path: file });
  await call(caller, 'fs.list', { projectId, path: '' });
  for (let count = 0; count < 5; count += 1) await call(caller, 'ledger.balance', {});
  if (index % 4 === 0) await call(caller, 'run.exec', { projectId, command: 'echo', args: ['soak'] });
  if (index % 4 === 1) await socketVisit(caller);
  calls += 9;
}

try {
  await using running = await startForLoad(folder);
  const { caller, projectId } = running;
  const until = performance.now() + minutes * 60_000;
  let index = 0;
  const visits = Array.from({ length: 8 }, async () => {
    while (performance.now() < until) {
      index += 1;
      await turn(caller, projectId, index);
      await sleep(100);
    }
  });
  const visited = Promise.all(visits);
  const kept: number[] = [];
  for (let second = 5; second <= minutes * 60; second += 5) {
    const pauseMs = Math.max(0, until - (minutes * 60 - second) * 1_000 - performance.now());
    await Promise.race([sleep(pauseMs), visited]);
    kept.push(await oldGenerationMiB(running.url));
    if (second % 60 === 0) {
      const tree = treeHeapMiB(running.processId).toFixed(0);
      const least = Math.min(...kept.slice(-12)).toFixed(1);
      console.log(
        `minute ${second / 60}: old generation ${least} MiB, process tree ${tree} MiB, ${calls} calls`,
      );
    }
  }
  await visited;
  const fourth = Math.ceil(kept.length / 4);
  const grown = Math.min(...kept.slice(-fourth)) / Math.min(...kept.slice(fourth, 2 * fourth));
  console.log(
    `last quarter: ${grown.toFixed(2)} times the old generation of the second (bar 1.1): ${grown <= 1.1 ? 'ok' : 'MISSED'}`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
