import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { testDatabase } from '#kernel/testing/database.ts';
import { eventually } from '#kernel/testing/eventually.ts';
import type { Asking, Told } from './platform-process.ts';
import { type Asked, type Said, scriptedProvider } from './scripted-provider.ts';

const program = fileURLToPath(new URL('./platform-process.ts', import.meta.url));
export const patienceMs = 120_000;
const gate = 4711;
const password = 'seven quiet herons';
const session = { kind: 'session', sessionId: randomUUID() };
const admin = { userId: randomUUID(), username: 'root', role: 'admin', credential: session };

interface Running {
  call(
    module: string,
    method: string,
    params: unknown,
    principal?: unknown,
  ): Promise<Record<string, unknown>>;
  kill(): Promise<void>;
}

async function start(environment: NodeJS.ProcessEnv): Promise<Running> {
  const child: ChildProcess = fork(program, {
    env: { ...process.env, ...environment },
    serialization: 'advanced',
  });
  const waiting = new Map<number, (told: Told) => void>();
  const ready = Promise.withResolvers<Told>();
  waiting.set(0, ready.resolve);
  child.on('message', (told: Told) => waiting.get(told.id)?.(told));
  // Each call under way listens for the end.
  child.setMaxListeners(0);
  child.once('exit', (exitCode) => ready.reject(new Error(`the platform ended with ${exitCode}`)));
  await ready.promise;
  let last = 0;
  return {
    async call(module, method, params, principal = admin) {
      last += 1;
      const id = last;
      const answer = Promise.withResolvers<Told>();
      waiting.set(id, answer.resolve);
      child.once('exit', () => answer.reject(new Error('killed')));
      child.send({ id, module, method, params, principal } satisfies Asking);
      const told = await answer.promise;
      if ('code' in told) throw new Error(told.code);
      return told.result as Record<string, unknown>;
    },
    async kill() {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** An installation whose process can be held at a statement, killed there, and started again. */
export async function installation(script: (asked: Asked) => Said) {
  await using startup = new AsyncDisposableStack();
  const provider = startup.use(await scriptedProvider(script));
  const database = startup.use(await testDatabase());
  const dataDir = mkdtempSync(path.join(tmpdir(), 'cds-crash-'));
  startup.defer(() => rmSync(dataDir, { recursive: true, force: true }));
  const environment = {
    CDS_DATA_DIR: dataDir,
    DATABASE_URL: database.connectionString,
    CDS_LOG_LEVEL: 'silent',
    CDS_LOG_FILE: 'false',
    CDS_ADMIN_PASSWORD: password,
    CDS_LLM_OLLAMA_URL: '',
    CDS_AGENTS_LEASE_MS: '1500',
  };
  let running = await start(environment);
  startup.defer(() => running.kill());
  await running.call('llm', 'admin.providers.create', {
    name: 'scripted',
    kind: 'openai',
    baseUrl: provider.url,
    apiKey: 'sk-test',
    models: [{ id: 'strong', contextSize: 100_000 }],
  });
  await running.call('auth', 'admin.users.create', { username: 'anna', password, role: 'developer' });
  const { user } = await running.call('auth', 'auth.login', { username: 'anna', password }, null);
  const owner = {
    userId: (user as { id: string }).id,
    username: 'anna',
    role: 'developer',
    credential: session,
  };
  const { id: projectId } = await running.call('projects', 'project.create', { name: 'Trial' }, owner);
  const workspace = path.join(dataDir, 'projects', String(projectId), 'workspace');
  const holder = new pg.Client({ connectionString: database.connectionString });
  await holder.connect();
  startup.defer(() => holder.end());
  await holder.query(
    `create function hold_here() returns trigger language plpgsql as $$ begin perform pg_advisory_xact_lock_shared(${gate}); return new; end $$`,
  );
  const stack = startup.move();
  return {
    provider,
    holder,
    projectId: String(projectId),
    workspace,
    agent: (method: string, params: object) => running.call('agents', method, params, owner),
    search: (method: string, params: object) => running.call('search', method, params, owner),
    /** From now on the first statement of this kind waits. */
    async hold(table: string, event: string, when: string): Promise<void> {
      await holder.query(`select pg_advisory_lock(${gate})`);
      await holder.query(
        `create trigger hold_here before ${event} on ${table} for each row when (${when}) execute function hold_here()`,
      );
    },
    held: () =>
      eventually(async () => {
        const { rows } = await holder.query(
          `select 1 from pg_locks where locktype = 'advisory' and objid = ${gate} and not granted`,
        );
        assert.ok(rows.length > 0, 'nothing has come to that statement');
      }, patienceMs),
    /** Ends the process with SIGKILL, and what the database was doing for it, and starts another. */
    async crash(table: string | null): Promise<void> {
      await running.kill();
      await holder.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
      );
      if (table !== null) {
        await holder.query(`drop trigger hold_here on ${table}`);
        await holder.query(`select pg_advisory_unlock(${gate})`);
      }
      running = await start(environment);
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

export type Installation = Awaited<ReturnType<typeof installation>>;

/** The kinds of a task's steps. */
export const kindsOf = async (at: Installation, taskId: unknown) =>
  ((await at.agent('agent.history', { taskId, limit: 500 })).steps as { kind: string }[]).map(
    ({ kind }) => kind,
  );

/** A task once it rests. */
export async function settled(at: Installation, taskId: unknown) {
  let status: Record<string, unknown> = {};
  await eventually(async () => {
    status = await at.agent('agent.status', { taskId });
    assert.ok(!['pending', 'running'].includes(String(status.status)), String(status.status));
  }, patienceMs);
  return status;
}
