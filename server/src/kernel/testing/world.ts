import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Call, Client, Contract } from '#base/contract.ts';
import type { Principal } from '#base/principal.ts';
import type { Database } from '../database/database.ts';
import { listen } from '../listen.ts';
import type { AnyModule, Events } from '../module.ts';
import { type Platform, startPlatform } from '../platform.ts';
import { LazyCall } from '../rpc/call-context.ts';
import { newTraceId } from '../telemetry/trace.ts';
import { testDatabase } from './database.ts';

/** A clock that tests set forward. */
export interface TestClock {
  now(): number;
  advance(ms: number): void;
}

/** The real platform with a real database and HTTP on a free port; only the clock is a test's own. */
export interface TestWorld extends AsyncDisposable {
  readonly platform: Platform;
  readonly database: Database;
  readonly events: Events;
  readonly clock: TestClock;
  readonly dataDir: string;
  /** Base address of the HTTP face with every module's paths. */
  readonly url: string;
  client<C extends Contract>(contract: C): Client<C>;
  /** A call of a fresh developer, or of whom the test says. */
  call(principal?: Partial<Principal> | null): Call;
}

export interface TestWorldOptions {
  /** Environment variables as an administrator would set them. */
  readonly environment?: Readonly<Record<string, string>>;
  /** False lets other processes share the installation. */
  readonly alone?: boolean;
}

/** Starts the modules. Needs outside the list answer as unreachable, as they would in production. */
export async function testWorld(
  modules: readonly AnyModule[],
  options: TestWorldOptions = {},
): Promise<TestWorld> {
  await using startup = new AsyncDisposableStack();
  const dataDir = mkdtempSync(path.join(tmpdir(), 'cds-world-'));
  startup.defer(() => rmSync(dataDir, { recursive: true, force: true }));
  const { connectionString } = startup.use(await testDatabase());
  let skewMs = 0;
  const clock: TestClock = {
    now: () => Date.now() + skewMs,
    advance(ms) {
      skewMs += ms;
    },
  };
  const platform = startup.use(
    await startPlatform({
      service: 'test',
      modules,
      knownModules: modules,
      alone: options.alone ?? true,
      now: clock.now,
      environment: {
        CDS_DATA_DIR: dataDir,
        DATABASE_URL: connectionString,
        CDS_LOG_LEVEL: process.env.CDS_TEST_LOG_LEVEL ?? 'silent',
        CDS_LOG_FILE: 'false',
        ...options.environment,
      },
    }),
  );
  const url = await listen(platform, {
    service: 'test',
    modules: modules.map((module) => module.name),
    port: 0,
  });
  const stack = startup.move();
  return {
    platform,
    database: platform.database,
    events: platform.events,
    clock,
    dataDir,
    url,
    client: (contract) => platform.composition.clientFor(contract),
    call: (principal = {}) =>
      new LazyCall({
        principal: principal === null ? null : principalOf(principal),
        traceId: newTraceId(),
        address: '127.0.0.1',
        language: 'en',
      }),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

function principalOf(part: Partial<Principal>): Principal {
  const userId = part.userId ?? randomUUID();
  return {
    userId,
    username: `user-${userId.slice(0, 8)}`,
    role: 'developer',
    credential: { kind: 'session', sessionId: randomUUID() },
    ...part,
  };
}
