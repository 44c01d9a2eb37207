import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { type ApiClient, ApiError, apiClient, registerUser } from './client.ts';
import { form, type RunningPlatform, startPlatformProcesses } from './platform.ts';

let platform: RunningPlatform;
let user: ApiClient;
let projectId: string;

before(async () => {
  platform = await startPlatformProcesses();
  user = await registerUser(platform.url, 'mara');
});
after(() => platform?.[Symbol.asyncDispose]());

test(`a newcomer registers, makes a project, edits and runs it (${form})`, async () => {
  const project = await user.call<{ id: string }>('project.create', { name: 'first', template: 'python' });
  projectId = project.id;
  const saved = await user.call<{ etag: string }>('project.file.save', {
    projectId,
    path: 'hello.py',
    content: 'print(6 * 7)\n',
  });
  assert.ok(saved.etag);
  const read = await user.call<{ content: string }>('fs.read', { projectId, path: 'hello.py' });
  assert.equal(read.content, 'print(6 * 7)\n');
  const result = await user.call<{ stdout: string; exitCode: number }>('run.exec', {
    projectId,
    command: 'python3',
    args: ['hello.py'],
  });
  assert.deepEqual([result.stdout, result.exitCode], ['42\n', 0]);
});

test(`live output arrives while the program runs (${form})`, async () => {
  const chunks: Record<string, unknown>[] = [];
  const script = 'for i in 1 2 3; do echo $i; sleep 0.1; done';
  const result = await user.stream<{ exitCode: number }>(
    'run.stream',
    { projectId, command: 'sh', args: ['-c', script] },
    (chunk) => chunks.push(chunk),
  );
  assert.equal(result.exitCode, 0);
  assert.equal(chunks[0]?.kind, 'started');
  const output = chunks.filter((chunk) => chunk.kind === 'output').map((chunk) => chunk.data);
  assert.equal(output.join(''), '1\n2\n3\n');
});

test(`a stale save overwrites nothing and says so (${form})`, async () => {
  const first = await user.call<{ etag: string }>('project.file.save', {
    projectId,
    path: 'a.txt',
    content: 'one',
  });
  await user.call('project.file.save', { projectId, path: 'a.txt', content: 'two', ifMatch: first.etag });
  await assert.rejects(
    user.call('project.file.save', { projectId, path: 'a.txt', content: 'three', ifMatch: first.etag }),
    (error) => error instanceof ApiError && error.code === -32040,
  );
  assert.equal(
    (await user.call<{ content: string }>('fs.read', { projectId, path: 'a.txt' })).content,
    'two',
  );
});

test(`for anybody else the project does not exist (${form})`, async () => {
  const stranger = await registerUser(platform.url, 'eve');
  for (const [method, params] of [
    ['project.open', { id: projectId }],
    ['fs.read', { projectId, path: 'a.txt' }],
    ['run.exec', { projectId, command: 'true' }],
  ] as const) {
    await assert.rejects(
      stranger.call(method, params),
      (error) => error instanceof ApiError && error.code === -32004,
    );
  }
});

test(`a revoked API key is refused by every service within a second (${form})`, async () => {
  const { body } = await user.rest<{ id: string; apiKey: string }>('POST', '/auth/api-key/generate', {
    name: 'ci',
  });
  const program = apiClient(platform.url, body.apiKey);
  assert.equal((await program.rest('GET', '/auth/me')).status, 200);
  await program.call('project.list');
  assert.equal((await user.rest('DELETE', '/auth/api-key/revoke', { id: body.id })).status, 204);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  await assert.rejects(program.call('project.list'));
  assert.equal((await program.rest('GET', '/auth/me')).status, 401);
});

test(`a page of another origin, or under another host name, is refused (${form})`, async () => {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'project.list', params: {} });
  const headers = { authorization: `Bearer ${user.token}`, 'content-type': 'application/json' };
  const foreign = await fetch(`${platform.url}/rpc`, {
    method: 'POST',
    body,
    headers: { ...headers, origin: 'https://evil.example' },
  });
  assert.equal(foreign.status, 403);
});

test(`the documents describe what can be called (${form})`, async () => {
  const openrpc = await user.call<{ openrpc: string; methods: { name: string }[] }>('rpc.discover');
  const names = openrpc.methods.map((method) => method.name);
  for (const name of ['project.create', 'run.stream', 'fs.write', 'usage.me'])
    assert.ok(names.includes(name), name);
  const { body } = await user.rest<{ openapi: string; paths: Record<string, unknown> }>(
    'GET',
    '/openapi.json',
  );
  assert.match(body.openapi, /^3\.1/);
  assert.ok('/auth/login' in body.paths);
});

test(`tokens are counted for a new user, and only administrators see users (${form})`, async () => {
  assert.equal((await user.rest('GET', '/admin/users')).status, 403);
  const signedIn = await apiClient(platform.url, '').rest<{ accessToken: string }>('POST', '/auth/login', {
    username: 'admin',
    password: platform.adminPassword,
  });
  assert.equal(signedIn.status, 200);
  const admin = apiClient(platform.url, signedIn.body.accessToken);
  const { body } = await admin.rest<{ users: { username: string; id: string }[] }>('GET', '/admin/users');
  const mara = body.users.find((one) => one.username === 'mara');
  const change = await admin.rest<{ tokenBalance: number }>('PUT', `/admin/users/${mara?.id}/balance`, {
    delta: 500,
    reason: 'welcome',
  });
  assert.equal(change.status, 200);
  const { body: me } = await user.rest<{ tokenBalance: number }>('GET', '/auth/me');
  assert.equal(me.tokenBalance, change.body.tokenBalance);
});

/** One message to /mcp, as a client of the protocol of 2025 sends it; the answer comes as JSON or as one event. */
async function askMcp(token: string, method: string, params: Record<string, unknown>) {
  const response = await fetch(`${platform.url}/mcp`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2025-06-18',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  });
  const text = await response.text();
  const data = /^data: (.*)$/m.exec(text)?.[1] ?? text;
  return {
    status: response.status,
    message: JSON.parse(data) as { result?: Record<string, unknown>; error?: unknown },
  };
}

test(`an AI client finds, writes and runs by MCP (${form})`, async () => {
  assert.equal((await askMcp('nonsense', 'tools/list', {})).status, 401);
  const begun = await askMcp(user.token, 'initialize', {
    protocolVersion: '2025-06-18',
    capabilities: {},
    clientInfo: { name: 'e2e', version: '1' },
  });
  assert.deepEqual(
    (begun.message.result as { serverInfo: { name: string } }).serverInfo.name,
    'cyberdevstudio',
  );
  const listed = await askMcp(user.token, 'tools/list', {});
  const names = (listed.message.result as { tools: { name: string }[] }).tools.map(({ name }) => name);
  for (const name of ['project_list', 'fs_write', 'sandbox_execute', 'search_code', 'prompt_list']) {
    assert.ok(names.includes(name), name);
  }
  const use = async (name: string, values: Record<string, unknown>) => {
    const { message } = await askMcp(user.token, 'tools/call', { name, arguments: values });
    const result = message.result as { isError?: boolean; structuredContent: Record<string, unknown> };
    assert.notEqual(result.isError, true, JSON.stringify(result));
    return result.structuredContent;
  };
  await use('fs_write', { projectId, path: 'mcp.py', content: 'print(6 * 7)\n', ifMatch: null });
  const program = { kind: 'command', command: 'python3', args: ['mcp.py'] };
  assert.equal((await use('sandbox_execute', { projectId, engine: 'run', program })).stdout, '42\n');
  await use('prompt_list', {});
});
