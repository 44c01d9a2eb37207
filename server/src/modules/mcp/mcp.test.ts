import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect as connectTo } from 'node:net';
import test, { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import type { Role } from '#base/principal.ts';
import { cookieNames } from '#kernel/http/cookies.ts';
import { eventually } from '#kernel/testing/eventually.ts';
import { type TestWorld, testWorld } from '#kernel/testing/world.ts';
import { authContract } from '#modules/auth/contract.ts';
import { auth } from '#modules/auth/module.ts';
import { ledger } from '#modules/ledger/module.ts';
import { projectsContract } from '#modules/projects/contract.ts';
import { projects } from '#modules/projects/module.ts';
import { prompts } from '#modules/prompts/module.ts';
import { sandbox } from '#modules/sandbox/module.ts';
import { search } from '#modules/search/module.ts';
import { mcp } from './module.ts';
import { connectMcp, type Era } from './testing/mcp-client.ts';

const password = 'seven quiet herons';
let world: TestWorld;
before(async () => {
  world = await testWorld([auth, ledger, projects, sandbox, search, prompts, mcp], {
    environment: {
      CDS_MCP_RESULT_LIMIT_BYTES: '60000',
      CDS_MCP_BODY_LIMIT_BYTES: '200000',
      CDS_RATE_EXECUTE_BURST: '3',
      CDS_RATE_EXECUTE_PER_SECOND: '0.001',
    },
  });
});
after(() => world[Symbol.asyncDispose]());

let users = 0;
interface Account {
  readonly username: string;
  readonly token: string;
}

/** A user of the role, with an API key that is confined to the scopes where any are given. */
async function account(role: Role, scopes?: string[]): Promise<Account> {
  users += 1;
  const username = `caller-${users}`;
  const client = world.client(authContract);
  await client.call('admin.users.create', { username, password, role }, world.call({ role: 'admin' }));
  const signedIn = await client.call('auth.login', { username, password }, world.call(null));
  const response = await fetch(`${world.url}/auth/api-key/generate`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${signedIn.accessToken}` },
    body: JSON.stringify({ name: 'mcp', ...(scopes === undefined ? {} : { scopes }) }),
  });
  const key = (await response.json()) as { apiKey: string };
  assert.ok(response.ok, JSON.stringify(key));
  return { username, token: key.apiKey };
}

const connect = (account: Account, era?: Era) => connectMcp(world.url, account, era);

async function createProject({ token }: Account, name = 'Trial'): Promise<string> {
  const principal = await world.platform.composition.identity.authenticate(token);
  assert.ok(principal !== null);
  const { id } = await world.client(projectsContract).call('project.create', { name }, world.call(principal));
  return id;
}

function stdioCommand(apiKey: string) {
  const main = fileURLToPath(new URL('../../../../cli/src/main.ts', import.meta.url));
  const env = { PATH: process.env.PATH ?? '', CDS_API_KEY: apiKey, CDS_URL: world.url };
  return { command: process.execPath, args: [main, 'mcp'], env };
}

const initialize = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'raw', version: '1' } },
};

/** A POST with headers that fetch would not let through. */
async function rawPost(
  headers: Record<string, string>,
  body = JSON.stringify(initialize),
): Promise<{ status: number; headers: Record<string, unknown>; body: string }> {
  const outgoing = request(`${world.url}/mcp`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers,
    },
  });
  outgoing.end(body);
  const [response] = await once(outgoing, 'response');
  let text = '';
  for await (const chunk of response) text += chunk;
  return { status: response.statusCode, headers: response.headers, body: text };
}

for (const era of ['2026', '2025'] as const) {
  test(`a client of ${era} finds a project, writes, reads, searches and sees what changed`, async () => {
    const ada = await account('developer');
    const projectId = await createProject(ada);
    await using at = await connect(ada, era);
    const { projects: listed } = await at.use<{ projects: { id: string }[] }>('project_list');
    assert.deepEqual(
      listed.map(({ id }) => id),
      [projectId],
    );
    const path = 'src/greet.py';
    await at.use('fs_write', { projectId, path, content: 'print("hello from mcp")\n', ifMatch: null });
    const read = await at.use<{ content: string; etag: string }>('fs_read', { projectId, path });
    assert.equal(read.content, 'print("hello from mcp")\n');
    const found = await at.use<{ results: { path: string }[] }>('search_code', {
      projectId,
      query: 'hello from',
      mode: 'exact',
    });
    assert.deepEqual(
      found.results.map((result) => result.path),
      [path],
    );
    const { entries } = await at.use<{ entries: { path: string }[] }>('fs_list', { projectId, path: 'src' });
    assert.deepEqual(
      entries.map((entry) => entry.path),
      [path],
    );
    assert.match(JSON.stringify(await at.use('git_status', { projectId })), /greet\.py|src\//);
    await at.use('git_diff', { projectId });
    await at.use('project_open', { id: projectId });
    await at.use('search_map', { projectId });
    const { prompts: offered } = await at.use<{ prompts: { id: string }[] }>('prompt_list');
    assert.ok(offered.length > 0);
  });
}

test('runs a program by the one interface of all engines', async (t) => {
  const ada = await account('developer');
  const projectId = await createProject(ada);
  await using at = await connect(ada);
  const { engines } = await at.use<{ engines: { engine: string; available: boolean }[] }>('sandbox_engines');
  if (engines.find(({ engine }) => engine === 'run')?.available !== true) return t.skip('needs bubblewrap');
  const program = { kind: 'code', language: 'shell', code: 'echo $((40 + 2)); exit 3' };
  const ended = await at.use('sandbox_execute', { projectId, engine: 'run', program });
  assert.equal(ended.stdout, '42\n');
  assert.equal(ended.exitCode, 3);
});

test('a fault of a tool is told with its text, hint and code, so that a model can correct itself', async () => {
  const ada = await account('developer');
  const projectId = await createProject(ada);
  await using at = await connect(ada);
  assert.match(await at.refusal('fs_read', { projectId, path: '../../etc/passwd' }), /\[files?\.\w+\]$/);
  assert.match(await at.refusal('fs_read', { projectId }), /path.*\[common\.invalid_params\]$/);
  assert.match(await at.refusal('fs_read', { projectId, path: 'a', more: 1 }), /more.*unknown field/);
  const stranger = await createProject(await account('developer'));
  assert.match(await at.refusal('fs_list', { projectId: stranger }), /\[projects\.unknown\]$/);
  await assert.rejects(at.client.callTool({ name: 'fs_format_disk', arguments: {} }), /no tool/);
});

test('a result above the limit is refused, never cut', async () => {
  const ada = await account('developer');
  const projectId = await createProject(ada);
  await using at = await connect(ada);
  await at.use('fs_write', { projectId, path: 'long.txt', content: 'x'.repeat(100_000) });
  assert.match(await at.refusal('fs_read', { projectId, path: 'long.txt' }), /\[mcp\.result_too_large\]$/);
  const range = await at.use<{ content: string }>('fs_read', { projectId, path: 'long.txt', length: 100 });
  assert.equal(range.content.length, 100);
});

test('a viewer’s key gets reading tools only, and cannot call the others all the same', async () => {
  await using at = await connect(await account('viewer'));
  const { tools } = await at.client.listTools();
  assert.ok(tools.some(({ name }) => name === 'fs_read'));
  assert.deepEqual(
    tools.filter(({ annotations }) => annotations?.readOnlyHint !== true),
    [],
  );
  const projectId = crypto.randomUUID();
  const refusal = await at.refusal('fs_write', { projectId, path: 'a', content: '' });
  assert.match(refusal, /\[common\.forbidden\]$/);
  const program = { kind: 'command', command: 'true' };
  assert.match(
    await at.refusal('sandbox_execute', { projectId, engine: 'run', program }),
    /\[common\.forbidden\]$/,
  );
});

test('a key is confined to its scopes', async () => {
  await using at = await connect(await account('developer', ['project']));
  assert.deepEqual(await at.names(), ['project_list', 'project_open', 'git_status', 'git_diff']);
  assert.match(await at.refusal('prompt_list'), /\[common\.forbidden\]$/);
});

for (const era of ['2026', '2025'] as const) {
  test(`a client of ${era} is offered the prompts that ship, and fills one`, async () => {
    await using at = await connect(await account('viewer'), era);
    const { prompts: offered } = await at.client.listPrompts();
    const edit = offered.find(({ name }) => name === 'agent.edit');
    assert.equal(edit?.title, 'Edit one file');
    assert.deepEqual(
      edit?.arguments?.filter(({ required }) => required).map(({ name }) => name),
      ['task', 'path'],
    );
    assert.match(
      edit?.arguments?.find(({ name }) => name === 'format')?.description ?? '',
      /\(whole \| searchReplace/,
    );
    const { messages } = await at.client.getPrompt({
      name: 'agent.edit',
      arguments: { task: 'Add a sum.', path: 'a.ts', rules: 'No loops.\nNo classes.' },
    });
    const [{ role, content }] = messages as [(typeof messages)[number]];
    const text = content.type === 'text' ? content.text : '';
    assert.equal(role, 'user');
    assert.match(text, /Add a sum\.[\s\S]*a\.ts/);
    assert.match(text, /No loops\.[\s\S]*No classes\./);
  });
}

test('values that a prompt refuses are named, and an unknown prompt is an error', async () => {
  await using at = await connect(await account('viewer'));
  const fill = (name: string, values: Record<string, string>) =>
    at.client.getPrompt({ name, arguments: values });
  await assert.rejects(
    fill('agent.edit', { task: 'x', path: 'a.ts', format: 'poem' }),
    /format.*\[prompts\./,
  );
  await assert.rejects(fill('agent.edit', { task: 'x' }), /path.*\[prompts\./);
  await assert.rejects(fill('agent.hallucinate', {}), /no prompt/);
});

test('a key without the scope of prompts sees none and fills none', async () => {
  await using at = await connect(await account('developer', ['project']));
  assert.deepEqual((await at.client.listPrompts()).prompts, []);
  await assert.rejects(
    at.client.getPrompt({ name: 'agent.edit', arguments: { task: 'x', path: 'a' } }),
    /common\.forbidden/,
  );
});

test('without a key, with a wrong one or with a cookie nothing is answered, not even initialize', async () => {
  const { token } = await account('developer');
  for (const headers of [
    {},
    { authorization: 'Bearer nonsense' },
    { authorization: `Basic ${token}` },
    { cookie: `${cookieNames.session}=${token}` },
  ] as Record<string, string>[]) {
    const answer = await rawPost(headers);
    assert.equal(answer.status, 401, JSON.stringify(headers));
    assert.equal(answer.headers['www-authenticate'], 'Bearer');
    assert.doesNotMatch(answer.body, /cyberdevstudio.*version/);
  }
  assert.equal((await rawPost({ authorization: `Bearer ${token}` })).status, 200);
});

test('forged hosts and origins are refused', async () => {
  const { token } = await account('developer');
  const authorization = `Bearer ${token}`;
  assert.equal((await rawPost({ authorization, host: 'evil.example' })).status, 403);
  assert.equal((await rawPost({ authorization, origin: 'https://evil.example' })).status, 403);
  assert.equal((await rawPost({ authorization, origin: 'null' })).status, 403);
  const { host } = new URL(world.url);
  assert.equal((await rawPost({ authorization, host, origin: `http://${host}` })).status, 200);
});

test('huge, deep, broken and long requests are refused, and the server goes on', async () => {
  const { token } = await account('developer');
  const authorization = `Bearer ${token}`;
  const status = async (body: string, headers = {}) =>
    (await rawPost({ authorization, ...headers }, body)).status;
  assert.equal(await status(JSON.stringify({ ...initialize, filling: 'x'.repeat(300_000) })), 413);
  assert.equal(
    await status(
      `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":${'['.repeat(50_000)}${']'.repeat(50_000)}}`,
    ),
    400,
  );
  assert.equal(await status('{"jsonrpc":'), 400);
  assert.equal(await status(JSON.stringify(Array.from({ length: 101 }, () => initialize))), 400);
  assert.ok((await status('x', { 'content-type': 'text/plain' })) >= 400);
  assert.equal(await status(JSON.stringify(initialize)), 200);
});

test('clients that leave while their key is looked at do not count as under way for ever', async () => {
  const { token } = await account('viewer');
  const { port, hostname } = new URL(world.url);
  // Several times as many as a user may have under way.
  for (let count = 0; count < 100; count += 1) {
    // The key is looked at anew, which takes a while.
    world.clock.advance(1_000);
    const socket = connectTo(Number(port), hostname);
    await once(socket, 'connect');
    const head = `POST /mcp HTTP/1.1\r\nhost: ${hostname}\r\nauthorization: Bearer ${token}\r\n`;
    socket.end(`${head}content-type: application/json\r\ncontent-length: 2\r\n\r\n{}`);
    socket.destroy();
    await once(socket, 'close');
  }
  await eventually(async () => {
    const response = await fetch(`${world.url}/mcp`, { headers: { authorization: `Bearer ${token}` } });
    await response.body?.cancel();
    assert.equal(response.status, 405);
  });
});

test('sessions are not offered: GET and DELETE answer 405', async () => {
  const { token } = await account('developer');
  for (const method of ['GET', 'DELETE']) {
    const headers = { authorization: `Bearer ${token}`, accept: 'text/event-stream' };
    const response = await fetch(`${world.url}/mcp`, { method, headers });
    assert.equal(response.status, 405);
    await response.body?.cancel();
  }
});

test('cds mcp carries the tools to stdio with the rights of its key', async () => {
  const ada = await account('developer', ['project']);
  const projectId = await createProject(ada);
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: 'auto' } });
  await client.connect(new StdioClientTransport(stdioCommand(ada.token)));
  const { tools } = await client.listTools();
  assert.deepEqual(
    tools.map(({ name }) => name),
    ['project_list', 'project_open', 'git_status', 'git_diff'],
  );
  const result = await client.callTool({ name: 'project_list', arguments: {} });
  assert.match(JSON.stringify(result.structuredContent), new RegExp(projectId));
  assert.deepEqual((await client.listPrompts()).prompts, []);
  await client.close();
});

test('cds mcp says on standard error why it cannot serve, and leaves standard output alone', async () => {
  for (const [key, code] of [
    ['', 'mcp.no_key'],
    ['nonsense', 'mcp.key_refused'],
  ] as const) {
    const { command, args, env } = stdioCommand(key);
    const child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (errors += chunk));
    const [exitCode] = await once(child, 'close');
    assert.equal(exitCode, 1);
    assert.equal(output, '');
    assert.match(errors, new RegExp(`\\[${code}\\]`));
  }
});

test('a tool draws from the rate class of its method', async () => {
  const ada = await account('developer');
  await using at = await connect(ada);
  const call = () =>
    at.client.callTool({
      name: 'sandbox_execute',
      arguments: {
        projectId: crypto.randomUUID(),
        engine: 'run',
        program: { kind: 'command', command: 'true' },
      },
    });
  for (let count = 0; count < 3; count += 1) assert.equal((await call()).isError, true);
  await assert.rejects(call(), /429|rate/i);
  await at.use('project_list');
});
