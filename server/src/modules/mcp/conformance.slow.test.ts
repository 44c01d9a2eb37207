import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { defineContract } from '#base/contract.ts';
import { defineModule } from '#kernel/module.ts';
import { type TestWorld, testWorld } from '#kernel/testing/world.ts';
import { authContract } from '#modules/auth/contract.ts';
import { auth } from '#modules/auth/module.ts';
import { ledger } from '#modules/ledger/module.ts';
import { mcpConfig } from './config.ts';
import { mountMcp } from './http.ts';
import { createConformanceServer } from './testing/conformance-server.ts';

const password = 'seven quiet herons';
const suite = fileURLToPath(import.meta.resolve('@modelcontextprotocol/conformance/dist/index.js'));

/** The platform's /mcp with the suite's own tools, prompts and resources behind it. */
const underTest = defineModule({
  name: 'conformance',
  contract: defineContract('conformance', { methods: {}, events: {}, faults: {} }),
  needs: {},
  config: mcpConfig,
  start: ({ config, log, defer }) => {
    const mounted = new AsyncDisposableStack();
    defer(() => mounted.disposeAsync());
    return {
      handlers: {},
      routes: (app, kit) => {
        const loadServer = () => Promise.resolve(() => createConformanceServer());
        mounted.use(mountMcp(app, { kit, config, log, loadServer, rateClassOf: () => 'read' }));
      },
    };
  },
});

let world: TestWorld;
let withKey: Awaited<ReturnType<typeof startKeyProxy>>;
let folder: string;

before(async () => {
  const environment = { CDS_RATE_READ_BURST: '10000', CDS_RATE_READ_PER_SECOND: '10000' };
  world = await testWorld([auth, ledger, underTest], { environment });
  folder = await mkdtemp(path.join(tmpdir(), 'cds-conformance-'));
  withKey = await startKeyProxy(await apiKey());
});
after(async () => {
  withKey?.close();
  await rm(folder, { recursive: true, force: true });
  await world[Symbol.asyncDispose]();
});

async function apiKey(): Promise<string> {
  const account = { username: 'suite', password };
  const client = world.client(authContract);
  await client.call('admin.users.create', { ...account, role: 'viewer' }, world.call({ role: 'admin' }));
  const signedIn = await client.call('auth.login', account, world.call(null));
  const response = await fetch(`${world.url}/auth/api-key/generate`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${signedIn.accessToken}` },
    body: JSON.stringify({ name: 'suite' }),
  });
  return ((await response.json()) as { apiKey: string }).apiKey;
}

/** The suite cannot send a key: this adds it, and leaves Host and Origin as the suite forged them. */
async function startKeyProxy(key: string) {
  const upstream = new URL(world.url);
  const server = createServer((incoming, reply) => {
    const own = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const local = [own, own.replace('127.0.0.1', 'localhost')];
    const forwarded = (value: string | undefined) =>
      local.reduce((text, address) => text?.replace(address, upstream.host), value);
    const headers = { ...incoming.headers, authorization: `Bearer ${key}` };
    headers.host = forwarded(headers.host);
    if (headers.origin !== undefined) headers.origin = forwarded(headers.origin) ?? '';
    const outgoing = request(
      new URL(incoming.url ?? '/', upstream),
      { method: incoming.method ?? 'GET', headers },
      (answer) => {
        reply.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(reply);
      },
    );
    outgoing.on('error', () => reply.destroy());
    reply.on('close', () => outgoing.destroy());
    incoming.pipe(outgoing);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: `http://localhost:${port}/mcp`, close: () => server.close() };
}

interface Check {
  readonly id: string;
  readonly status: string;
  readonly errorMessage?: string;
}

/** Runs all scenarios; each leaves a report in the folder. */
async function runSuite(): Promise<void> {
  const args = [suite, 'server', '--url', withKey.url, '--suite', 'all', '--output-dir', folder];
  await promisify(execFile)(process.execPath, args, { cwd: folder, timeout: 240_000 }).catch((error) => {
    // 1: not every scenario passed.
    if (error.code !== 1) throw error;
  });
}

/** Read from the reports: the suite's exit code also passes where nothing was checked. */
async function checksOf(scenario: string): Promise<Check[]> {
  const reports = (await readdir(folder)).filter((name) => name.startsWith(`server-${scenario}-20`));
  const texts = await Promise.all(
    reports.map((name) => readFile(path.join(folder, name, 'checks.json'), 'utf8')),
  );
  return texts.flatMap((text) => JSON.parse(text) as Check[]);
}

/**
 * Without sessions a server cannot ask its client something in the middle of a call, nor keep a subscription; the
 * platform announces neither, and the protocol of 2026 has no sessions.
 */
const needSessions = [
  'tools-call-sampling',
  'tools-call-elicitation',
  'elicitation-sep1034-defaults',
  'elicitation-sep1330-enums',
  'resources-subscribe',
  'resources-unsubscribe',
  'server-sse-multiple-streams',
  'server-sse-polling',
];

test('the official conformance suite passes, but for what needs a session', async (t) => {
  await runSuite();
  const scenarios = [
    ...new Set((await readdir(folder)).flatMap((name) => /^server-(.+)-20\d\d-/.exec(name)?.[1] ?? [])),
  ].filter((scenario) => !needSessions.includes(scenario));
  assert.ok(scenarios.length >= 24, scenarios.join(' '));
  for (const scenario of scenarios) {
    await t.test(scenario, async () => {
      const checks = await checksOf(scenario);
      assert.ok(
        checks.some(({ status }) => status === 'SUCCESS'),
        JSON.stringify(checks),
      );
      assert.deepEqual(
        checks.filter(({ status }) => status === 'FAILURE' || status === 'WARNING'),
        [],
      );
    });
  }
});
