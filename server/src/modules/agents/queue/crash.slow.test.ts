import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { testDatabase } from '#kernel/testing/database.ts';
import { eventually } from '#kernel/testing/eventually.ts';
import type { Asking, Told } from '../testing/platform-process.ts';
import { type Asked, type Said, scriptedProvider } from '../testing/scripted-provider.ts';

const program = fileURLToPath(new URL('../testing/platform-process.ts', import.meta.url));
const patienceMs = 120_000;
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
async function installation(script: (asked: Asked) => Said) {
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

type Installation = Awaited<ReturnType<typeof installation>>;

const steps = async (at: Installation, taskId: unknown) =>
  ((await at.agent('agent.history', { taskId, limit: 500 })).steps as { kind: string }[]).map(
    ({ kind }) => kind,
  );

async function settled(at: Installation, taskId: unknown) {
  let status: Record<string, unknown> = {};
  await eventually(async () => {
    status = await at.agent('agent.status', { taskId });
    assert.ok(!['pending', 'running'].includes(String(status.status)), String(status.status));
  }, patienceMs);
  return status;
}

const files = Array.from({ length: 24 }, (_, index) => `part-${String(index).padStart(2, '0')}.txt`);

function reset({ workspace }: Installation): void {
  for (const name of readdirSync(workspace)) if (!name.startsWith('.')) rmSync(path.join(workspace, name));
  mkdirSync(workspace, { recursive: true });
  for (const name of files) writeFileSync(path.join(workspace, name), 'old\n');
}

const contents = ({ workspace }: Installation) =>
  new Set(files.map((name) => readFileSync(path.join(workspace, name), 'utf8')));

/** Writes every file, then is done. */
function writer({ messages }: Asked): Said {
  const written = messages.filter(({ content }) => content.includes(' is written.')).length;
  const name = files[written];
  return name === undefined
    ? { tool: 'finish', input: { summary: 'all written' } }
    : { tool: 'write_file', input: { path: name, content: 'new\n' } };
}

test('killed at each step, a task goes on or ends, nothing is lost, nothing happens twice', async (t) => {
  let hang = false;
  await using at = await installation((asked) => {
    if (hang) return { hang: true };
    return writer(asked);
  });
  const dispatch = async () =>
    (
      await at.agent('agent.dispatch', {
        projectId: at.projectId,
        agent: 'doc',
        task: 'Write',
        model: 'scripted/strong',
      })
    ).taskId;

  /** The task must complete once, and its change must be applied and taken back exactly. */
  async function isWhole(taskId: unknown): Promise<void> {
    const status = await settled(at, taskId);
    assert.equal(status.status, 'completed', JSON.stringify(status.problem));
    assert.deepEqual([...contents(at)], ['old\n'], 'an agent wrote into the project');
    assert.equal((await steps(at, taskId)).filter((kind) => kind === 'completed').length, 1);
    assert.equal((status.changeSet as object[]).length, files.length);
    await at.agent('agent.apply', { taskId });
    assert.deepEqual([...contents(at)], ['new\n']);
    await at.agent('agent.rollback', { taskId });
    assert.deepEqual([...contents(at)], ['old\n']);
  }

  for (const [name, table, event, when] of [
    ['taken from the queue', 'agents.task', 'update', `new.status = 'running' and old.status = 'pending'`],
    ['begun', 'agents.step', 'insert', `new.kind = 'started'`],
    ['answered', 'agents.step', 'insert', `new.kind = 'model'`],
    ['tool used', 'agents.step', 'insert', `new.kind = 'tool'`],
    ['checked', 'agents.step', 'insert', `new.kind = 'check'`],
    ['proposed', 'agents.change', 'insert', 'true'],
    ['completed', 'agents.step', 'insert', `new.kind = 'completed'`],
  ] as const) {
    await t.test(`at work: ${name}`, async () => {
      reset(at);
      await at.hold(table, event, when);
      const taskId = await dispatch();
      await at.held();
      await at.crash(table);
      await isWhole(taskId);
    });
  }

  await t.test('at work: while the model answers; what that may have cost counts', async () => {
    reset(at);
    hang = true;
    const taskId = await dispatch();
    await eventually(() => assert.equal(at.provider.open, 1), patienceMs);
    hang = false;
    await at.crash(null);
    await isWhole(taskId);
    const { usage } = (await at.agent('agent.status', { taskId })) as { usage: { estimatedTokens: number } };
    assert.ok(usage.estimatedTokens > 0);
  });

  for (const action of ['apply', 'rollback'] as const) {
    for (const [name, table, event, when, begun] of [
      ['before it is on record', 'agents.operation', 'insert', 'true', false],
      ['on record, no file written', 'projects.file_version', 'insert', 'true', true],
      ['all files written', 'agents.operation', 'update', 'new.finished', true],
      ['state entered', 'agents.step', 'insert', `new.kind in ('applied', 'rolled_back')`, true],
    ] as const) {
      await t.test(`${action}: ${name}`, async () => {
        reset(at);
        const taskId = await dispatch();
        await settled(at, taskId);
        if (action === 'rollback') await at.agent('agent.apply', { taskId });
        await at.hold(table, event, when);
        const call = at.agent(`agent.${action}`, { taskId }).catch((error: unknown) => error);
        await at.held();
        await at.crash(table);
        await call;
        const [before, after] = action === 'apply' ? ['old\n', 'new\n'] : ['new\n', 'old\n'];
        assert.deepEqual([...contents(at)], [begun ? after : before]);
        // Once more: what was done is not done again, what was not is.
        if (!begun) await at.agent(`agent.${action}`, { taskId });
        assert.deepEqual([...contents(at)], [after]);
        const { changeState } = await at.agent('agent.status', { taskId });
        assert.equal(changeState, action === 'apply' ? 'applied' : 'rolled_back');
        if (action === 'apply') await at.agent('agent.rollback', { taskId });
        assert.deepEqual([...contents(at)], ['old\n']);
      });
    }
  }

  await t.test('apply: half of the files written', async () => {
    reset(at);
    const taskId = await dispatch();
    await settled(at, taskId);
    const call = at.agent('agent.apply', { taskId }).catch((error: unknown) => error);
    await eventually(() => assert.ok(contents(at).has('new\n')), patienceMs);
    await at.crash(null);
    await call;
    assert.deepEqual([...contents(at)], ['new\n']);
    await at.agent('agent.rollback', { taskId });
    assert.deepEqual([...contents(at)], ['old\n']);
  });
});
