// Ten minutes of ordinary use: calls, files, programs, sockets that come and go. Memory at every minute's end; what grows
// without end shows in the second half. CDS_BENCH_MINUTES sets how long.
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
  const memory = [treeHeapMiB(running.processId)];
  for (let minute = 1; minute <= minutes; minute += 1) {
    const pauseMs = Math.max(0, until - (minutes - minute) * 60_000 - performance.now());
    await Promise.race([sleep(pauseMs), visited]);
    memory.push(treeHeapMiB(running.processId));
    console.log(
      `minute ${minute}: ${memory.at(-1)?.toFixed(0)} MiB (heaps and stacks of the process tree), ${calls} calls`,
    );
  }
  await visited;
  const half = memory[Math.ceil(minutes / 2)] ?? 0;
  const grown = (memory.at(-1) ?? 0) / half;
  console.log(
    `second half: ${grown.toFixed(2)} times the memory at half-time (bar 1.1): ${grown <= 1.1 ? 'ok' : 'MISSED'}`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
