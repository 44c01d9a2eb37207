import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import path from 'node:path';
import test, { after, before } from 'node:test';
import {
  type ActiveSession,
  client,
  methods,
  PROTOCOL_VERSION,
  type RequestPermissionRequest,
  type SessionUpdate,
} from '@agentclientprotocol/sdk';
import { eventually } from '@cyberdevstudio/server/kernel/testing/eventually.ts';
import { agentsContract } from '@cyberdevstudio/server/modules/agents/contract.ts';
import { commandWorld } from './testing/world.ts';

const sum = 'export function sum(a, b) {\n  return a - b;\n}\n';
const files = {
  'sum.js': sum,
  'sum.test.js':
    "import assert from 'node:assert';\nimport test from 'node:test';\nimport { sum } from './sum.js';\ntest('adds', () => assert.equal(sum(2, 3), 5));\n",
  'package.json': '{"type":"module","scripts":{"test":"node --test"}}\n',
};

let at: Awaited<ReturnType<typeof commandWorld>>;
before(async () => {
  at = await commandWorld(files, ({ messages, all }) => {
    if (all.includes('HANG')) return { hang: true };
    if (all.includes('WHICH') && !all.includes('the first one'))
      return { tool: 'ask', input: { question: 'Which one?' } };
    const turn = messages.filter(({ role }) => role === 'tool').length;
    const edit = { tool: 'edit_file', input: { path: 'sum.js', search: 'a - b', replace: 'a + b' } };
    const done = { tool: 'finish', input: { summary: 'sum adds now' } };
    return [{ tool: 'read_file', input: { path: 'sum.js' } }, edit, done][Math.min(turn, 2)] ?? done;
  });
});
after(() => at[Symbol.asyncDispose]());

/** An editor: the library's own client on the command's standard input and output. */
async function editor(
  choose: (asked: RequestPermissionRequest) => string | null,
  more: { readonly argv?: readonly string[]; readonly environment?: Record<string, string> } = {},
) {
  const started = at.start(
    ['acp', '--project', at.projectId, '--model', 'scripted/strong', ...(more.argv ?? [])],
    more.environment ?? { CDS_API_KEY: at.apiKey },
  );
  const asked: RequestPermissionRequest[] = [];
  const told: SessionUpdate[] = [];
  const connection = client({ name: 'editor' })
    .onRequest(methods.client.session.requestPermission, ({ params }) => {
      asked.push(params);
      const optionId = choose(params);
      return { outcome: optionId === null ? { outcome: 'cancelled' } : { outcome: 'selected', optionId } };
    })
    .onNotification(methods.client.session.update, ({ params }) => void told.push(params.update))
    .connect(started.stream());
  const { agentCapabilities } = await connection.agent.request(methods.agent.initialize, {
    protocolVersion: PROTOCOL_VERSION,
    clientCapabilities: {},
  });
  return {
    ...started,
    agent: connection.agent,
    capabilities: agentCapabilities,
    asked,
    told,
    async [Symbol.asyncDispose]() {
      connection.close();
      started.child.stdin.end();
      await started.ended;
    },
  };
}

/** One prompt until its end: the updates, and why it ended. */
async function turn(session: ActiveSession, text: string) {
  const ended = session.prompt(text);
  const updates: SessionUpdate[] = [];
  for (;;) {
    const message = await session.nextUpdate();
    if (message.kind === 'stop') break;
    updates.push(message.update);
  }
  return { updates, stopReason: (await ended).stopReason };
}

const folder = '/home/ada/shop';

test('a prompt from an editor: steps as they happen, the diff, applied with the user’s leave; and the session is loaded again', async () => {
  let sessionId: string;
  {
    await using it = await editor(() => 'yes');
    assert.equal(it.capabilities?.loadSession, true);
    const session = await it.agent.buildSession({ cwd: folder, mcpServers: [] }).start();
    sessionId = session.sessionId;
    assert.deepEqual(session.modes?.currentModeId, 'code');
    const { updates, stopReason } = await turn(session, 'sum must add');
    assert.equal(stopReason, 'end_turn');
    const calls = updates.filter((update) => update.sessionUpdate === 'tool_call');
    assert.deepEqual(
      calls.map(({ kind }) => kind).filter((kind) => kind !== 'execute'),
      ['read', 'edit', 'other', 'edit'],
    );
    const change = calls.at(-1);
    assert.deepEqual(change?.content, [
      {
        type: 'diff',
        path: `${folder}/sum.js`,
        oldText: sum,
        newText: sum.replace('-', '+'),
      },
    ]);
    assert.equal(it.asked.length, 1);
    assert.match(at.read('sum.js'), /a \+ b/);
    assert.ok(
      updates.some(
        (update) =>
          update.sessionUpdate === 'agent_message_chunk' &&
          update.content.type === 'text' &&
          update.content.text.includes('sum adds now'),
      ),
    );
  }
  await using again = await editor(() => null);
  await again.agent.request(methods.agent.session.load, { sessionId, cwd: folder, mcpServers: [] });
  assert.ok(
    again.told.some((update) => update.sessionUpdate === 'user_message_chunk'),
    'what the user asked is told again',
  );
  assert.ok(again.told.filter((update) => update.sessionUpdate === 'tool_call').length >= 3);
});

test('what is refused in the editor is rejected, and nothing is written', async () => {
  const { writeFileSync } = await import('node:fs');
  writeFileSync(path.join(at.workspace, 'sum.js'), sum);
  await using it = await editor(() => 'no');
  const session = await it.agent.buildSession({ cwd: folder, mcpServers: [] }).start();
  await turn(session, 'sum must add');
  assert.equal(at.read('sum.js'), sum);
  const { tasks } = await at.world
    .client(agentsContract)
    .call('agent.list', { projectId: at.projectId, limit: 1 }, at.world.call(at.owner));
  assert.equal(tasks[0]?.changeState, 'rejected');
});

test('cancelling in the editor ends the task and its model call', async () => {
  await using it = await editor(() => null);
  const session = await it.agent.buildSession({ cwd: folder, mcpServers: [] }).start();
  const running = turn(session, 'HANG here');
  await eventually(() => assert.equal(at.provider.open, 1));
  await it.agent.notify(methods.agent.session.cancel, { sessionId: session.sessionId });
  assert.equal((await running).stopReason, 'cancelled');
  await eventually(() => assert.equal(at.provider.open, 0));
});

test('a question of the agent ends the turn, and the next prompt answers it', async () => {
  await using it = await editor(() => 'no');
  const session = await it.agent.buildSession({ cwd: folder, mcpServers: [] }).start();
  const first = await turn(session, 'WHICH file');
  assert.match(JSON.stringify(first.updates), /Which one\?/);
  const second = await turn(session, 'the first one');
  assert.equal(second.stopReason, 'end_turn');
  assert.match(JSON.stringify(second.updates), /sum adds now/);
});

test('modes are the six agents; unknown modes, sessions and projects are refused', async () => {
  await using it = await editor(() => null);
  const session = await it.agent.buildSession({ cwd: folder, mcpServers: [] }).start();
  assert.equal(session.modes?.availableModes.length, 6);
  const { sessionId } = session;
  await it.agent.request(methods.agent.session.setMode, { sessionId, modeId: 'security' });
  await assert.rejects(it.agent.request(methods.agent.session.setMode, { sessionId, modeId: 'root' }));
  for (const unknown of ['../../../etc/passwd', crypto.randomUUID()]) {
    const load = { sessionId: unknown, cwd: folder, mcpServers: [] };
    await assert.rejects(it.agent.request(methods.agent.session.load, load));
  }
  await using other = await editor(() => null, { argv: ['--project', crypto.randomUUID()] });
  await assert.rejects(other.agent.buildSession({ cwd: folder, mcpServers: [] }).start(), /No project/);
});

test('without a key the editor is told to sign in; cds login keeps one for this user alone, cds logout forgets it', async () => {
  {
    await using it = await editor(() => null, { environment: {} });
    await assert.rejects(it.agent.buildSession({ cwd: folder, mcpServers: [] }).start(), { code: -32000 });
    await assert.rejects(it.agent.request(methods.agent.authenticate, { methodId: 'api-key' }), {
      code: -32000,
    });
  }
  const wrong = at.start(['login']);
  wrong.child.stdin.end('nonsense\n');
  assert.equal(await wrong.ended, 1);
  const login = at.start(['login']);
  login.child.stdin.end(`${at.apiKey}\n`);
  assert.equal(await login.ended, 0, login.errors());
  const kept = path.join(at.home, '.config', 'cyberdevstudio', 'api-keys.json');
  assert.equal(statSync(kept).mode & 0o777, 0o600);
  {
    await using it = await editor(() => null, { environment: {} });
    await it.agent.buildSession({ cwd: folder, mcpServers: [] }).start();
  }
  const logout = at.start(['logout']);
  assert.equal(await logout.ended, 0);
  await using it = await editor(() => null, { environment: {} });
  await assert.rejects(it.agent.buildSession({ cwd: folder, mcpServers: [] }).start(), { code: -32000 });
});

test('servers and agents of a project are managed on the command line, secrets by the name of a variable', async () => {
  const cds = async (argv: string[], more: Record<string, string> = {}) => {
    const run = at.start(argv, { CDS_API_KEY: at.apiKey, ...more });
    let output = '';
    run.child.stdout.on('data', (piece) => (output += piece));
    return { code: await run.ended, text: output + run.errors() };
  };
  const project = ['--project', at.projectId];
  const added = await cds(
    ['mcp', 'servers', 'add', ...project, '--secret', 'TOKEN', 'files', '--', 'node', 'server.mjs', '--all'],
    { TOKEN: 'canary-4713' },
  );
  assert.equal(added.code, 0, added.text);
  assert.equal((await cds(['acp', 'agents', 'add', ...project, 'other', '--', 'other-agent'])).code, 0);
  const servers = await cds(['mcp', 'servers', 'list', ...project]);
  assert.match(servers.text, /^files +stdio +0 +node server\.mjs --all$/m);
  assert.doesNotMatch(servers.text, /other|canary/);
  assert.match((await cds(['acp', 'agents', 'list', ...project])).text, /^other +agent/m);
  const tested = await cds(['mcp', 'servers', 'test', ...project, 'files']);
  assert.deepEqual([tested.code, /\[(connections|sandbox)\./.test(tested.text)], [1, true], tested.text);
  assert.equal((await cds(['mcp', 'servers', 'rm', ...project, 'files'])).code, 0);
  assert.equal((await cds(['mcp', 'servers', 'list', ...project])).text.trim(), '');
});
