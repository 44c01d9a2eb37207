import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { ndJsonStream } from '@agentclientprotocol/sdk';
import type { Principal } from '@cyberdevstudio/server/base/principal.ts';
import { testWorld } from '@cyberdevstudio/server/kernel/testing/world.ts';
import {
  type Asked,
  type Said,
  scriptedProvider,
} from '@cyberdevstudio/server/modules/agents/testing/scripted-provider.ts';
import { authContract } from '@cyberdevstudio/server/modules/auth/contract.ts';
import { llmContract } from '@cyberdevstudio/server/modules/llm/contract.ts';
import { projectsContract } from '@cyberdevstudio/server/modules/projects/contract.ts';
import { allModules } from '@cyberdevstudio/server/processes/services.ts';

const password = 'seven quiet herons';
const main = fileURLToPath(new URL('../../main.ts', import.meta.url));

/** The whole platform with one project, a model that a script plays, and `cds` as its user would call it. */
export async function commandWorld(files: Readonly<Record<string, string>>, script: (asked: Asked) => Said) {
  await using startup = new AsyncDisposableStack();
  const provider = startup.use(await scriptedProvider(script));
  const environment = { CDS_LLM_OLLAMA_URL: '', CDS_SEARCH_INDEX_WAIT_MS: '30000' };
  const world = startup.use(await testWorld(allModules, { environment }));
  const home = mkdtempSync(path.join(tmpdir(), 'cds-home-'));
  startup.defer(() => rmSync(home, { recursive: true, force: true }));
  const admin = () => world.call({ role: 'admin' });
  const models = [{ id: 'strong', contextSize: 100_000 }];
  const account = {
    name: 'scripted',
    kind: 'openai',
    baseUrl: provider.url,
    apiKey: 'sk-test',
    models,
  } as const;
  await world.client(llmContract).call('admin.providers.create', account, admin());
  const username = `u-${randomUUID().slice(0, 13)}`;
  const accounts = world.client(authContract);
  await accounts.call('admin.users.create', { username, password, role: 'developer' }, admin());
  const signedIn = await accounts.call('auth.login', { username, password }, world.call(null));
  const response = await fetch(`${world.url}/auth/api-key/generate`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${signedIn.accessToken}` },
    body: JSON.stringify({ name: 'acp' }),
  });
  const { apiKey } = (await response.json()) as { apiKey: string };
  const credential = { kind: 'session', sessionId: randomUUID() } as const;
  const owner: Principal = { userId: signedIn.user.id, username, role: 'developer', credential };
  const { id: projectId } = await world
    .client(projectsContract)
    .call('project.create', { name: 'shop' }, world.call(owner));
  const workspace = path.join(world.dataDir, 'projects', projectId, 'workspace');
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(workspace, name)), { recursive: true });
    writeFileSync(path.join(workspace, name), text);
  }

  /** Starts `cds …`; what it says by its protocol is a stream, everything else can be read. */
  function start(argv: readonly string[], more: Readonly<Record<string, string>> = {}) {
    const env = { PATH: process.env.PATH ?? '', HOME: home, CDS_URL: world.url, LANG: 'C', ...more };
    const child = spawn(process.execPath, [main, ...argv], { env, stdio: ['pipe', 'pipe', 'pipe'] });
    startup_.defer(() => void child.kill('SIGKILL'));
    let errors = '';
    child.stderr.on('data', (piece) => (errors += piece));
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    return {
      child,
      ended,
      errors: () => errors,
      stream: () =>
        ndJsonStream(
          Writable.toWeb(child.stdin) as WritableStream<Uint8Array>,
          Readable.toWeb(child.stdout) as ReadableStream<Uint8Array>,
        ),
    };
  }

  const startup_ = startup.move();
  return {
    world,
    provider,
    owner,
    projectId,
    workspace,
    home,
    apiKey,
    start,
    read: (name: string) => readFileSync(path.join(workspace, name), 'utf8'),
    [Symbol.asyncDispose]: () => startup_.disposeAsync(),
  };
}
