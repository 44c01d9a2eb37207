// A warm `npm start` until it is healthy, against the embedded database alone; and the memory of an idle platform.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { median } from '../support/median.ts';
import { treeMemoryMiB } from '../support/memory.ts';
import { startUntilAddress } from '../support/platform.ts';

const rounds = Number(process.env.CDS_BENCH_ROUNDS ?? 5);
const folder = mkdtempSync(path.join(tmpdir(), 'cds-bench-start-'));
const platformData = path.join(folder, 'platform');
const databaseData = path.join(folder, 'database');
const environment = { CDS_DATA_DIR: platformData, CDS_PORT: '0' };
const startDatabase = () => startUntilAddress(['{root}bench/start/database.ts', databaseData], {});
const startAll = () => startUntilAddress(['{root}scripts/start.mjs'], environment);

async function secondsOf(start: typeof startAll): Promise<number> {
  await using running = await start();
  if (running.url.startsWith('http')) {
    const health = await fetch(`${running.url}/health`);
    if (!health.ok) throw new Error(`not healthy: ${health.status}`);
  }
  return running.seconds;
}

try {
  await secondsOf(startDatabase);
  await secondsOf(startAll);
  const floors: number[] = [];
  const starts: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    floors.push(await secondsOf(startDatabase));
    starts.push(await secondsOf(startAll));
  }
  const floor = median(floors);
  const start = median(starts);
  const bar = 3 * floor + 1;
  console.log(`database alone ${floor.toFixed(2)} s, warm npm start ${start.toFixed(2)} s`);
  console.log(`bar 3 x database + 1 s = ${bar.toFixed(2)} s: ${start <= bar ? 'ok' : 'MISSED'}`);
  await using running = await startAll();
  await sleep(10_000);
  const idle = treeMemoryMiB(running.processId);
  console.log(`idle, process tree (PSS) ${idle.toFixed(0)} MiB, bar 350: ${idle <= 350 ? 'ok' : 'MISSED'}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
