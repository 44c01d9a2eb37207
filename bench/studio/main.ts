// What the studio costs a browser: bytes of the first load, processor time until the file tree is usable, memory of the
// server with that client. Needs Chromium.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { launchBrowser } from '@cyberdevstudio/e2e/browser.ts';
import type { Browser, BrowserContext } from 'playwright-core';
import { median } from '../support/median.ts';
import { treeMemoryMiB } from '../support/memory.ts';
import { startUntilAddress } from '../support/platform.ts';

const rounds = Number(process.env.CDS_BENCH_ROUNDS ?? 5);
const folder = mkdtempSync(path.join(tmpdir(), 'cds-bench-studio-'));
const heavy = /monaco|editor\.api|editor\.worker|xterm/i;

interface Load {
  readonly cpuSeconds: number;
  readonly seconds: number;
  readonly gzipBytes: number;
}

async function rendererSeconds(browser: Browser): Promise<number> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  return processInfo.filter(({ type }) => type === 'renderer').reduce((sum, one) => sum + one.cpuTime, 0);
}

/** A first visit of a project's page with a fresh cache, until a file of the tree can be clicked. */
async function firstLoad(
  address: string,
  state: Awaited<ReturnType<BrowserContext['storageState']>>,
): Promise<Load> {
  await using browser = await launchBrowser();
  const context = await browser.newContext({ storageState: state, serviceWorkers: 'block' });
  const page = await context.newPage();
  const bodies: Promise<number>[] = [];
  page.on('response', (response) => {
    if (/\.(?:js|css)$|\/p\//.test(new URL(response.url()).pathname) && !heavy.test(response.url()))
      bodies.push(response.body().then((body) => gzipSync(body).length));
  });
  const before = await rendererSeconds(browser);
  const startedMs = performance.now();
  await page.goto(address);
  await page.getByRole('treeitem', { name: /README/ }).waitFor();
  const cpuSeconds = (await rendererSeconds(browser)) - before;
  const seconds = (performance.now() - startedMs) / 1000;
  const gzipBytes = (await Promise.all(bodies)).reduce((sum, size) => sum + size, 0);
  return { cpuSeconds, seconds, gzipBytes };
}

async function post(url: string, body: object, token?: string): Promise<Record<string, string>> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  });
  return (await response.json()) as Record<string, string>;
}

try {
  await using running = await startUntilAddress(['{root}scripts/start.mjs'], {
    CDS_DATA_DIR: folder,
    CDS_PORT: '0',
    CDS_REGISTRATION: 'open',
  });
  const account = { username: 'bench', password: 'a long enough pass phrase 42' };
  const { accessToken } = await post(`${running.url}/auth/register`, account);
  const call = {
    jsonrpc: '2.0',
    id: 1,
    method: 'project.create',
    params: { name: 'bench', template: 'node-ts' },
  };
  const { result } = (await post(`${running.url}/rpc`, call, accessToken)) as unknown as {
    result: { id: string };
  };

  await using browser = await launchBrowser();
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(running.url);
  await page.locator('input[type=text], input:not([type])').first().fill(account.username);
  await page.locator('input[type=password]').fill(account.password);
  await page.locator('button[type=submit]').click();
  await page.waitForURL(/welcome|p\/|projects|\/$/);
  await page.waitForTimeout(1_000);
  const state = await context.storageState();
  const address = `${running.url}/p/${result.id}`;

  const loads: Load[] = [];
  for (let round = 0; round <= rounds; round += 1) loads.push(await firstLoad(address, state));
  const counted = loads.slice(1);
  const cpu = median(counted.map((load) => load.cpuSeconds));
  const kilobytes = median(counted.map((load) => load.gzipBytes)) / 1000;
  console.log(
    `first load before Monaco and xterm.js: ${kilobytes.toFixed(0)} kB gzip, bar 300: ${kilobytes < 300 ? 'ok' : 'MISSED'}`,
  );
  console.log(
    `browser until the file tree is usable: ${cpu.toFixed(2)} CPU s, bar 1.25: ${cpu <= 1.25 ? 'ok' : 'MISSED'} (${median(counted.map((load) => load.seconds)).toFixed(2)} s)`,
  );
  await page.goto(address);
  await page.getByRole('treeitem', { name: /README/ }).click();
  await page.locator('.monaco-editor').first().waitFor();
  const memory = treeMemoryMiB(running.processId);
  console.log(
    `server's process tree with one client (PSS): ${memory.toFixed(0)} MiB, bar 500: ${memory <= 500 ? 'ok' : 'MISSED'}`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
