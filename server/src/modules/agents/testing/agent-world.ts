import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ParamsOf, ResultOf, UnaryMethodName } from '#base/contract.ts';
import type { Principal } from '#base/principal.ts';
import { testWorld } from '#kernel/testing/world.ts';
import { authContract } from '#modules/auth/contract.ts';
import { auth } from '#modules/auth/module.ts';
import { connections } from '#modules/connections/module.ts';
import { ledger } from '#modules/ledger/module.ts';
import { llmContract } from '#modules/llm/contract.ts';
import { llm } from '#modules/llm/module.ts';
import { projectsContract } from '#modules/projects/contract.ts';
import { projects } from '#modules/projects/module.ts';
import { prompts } from '#modules/prompts/module.ts';
import { sandbox } from '#modules/sandbox/module.ts';
import { search } from '#modules/search/module.ts';
import { agentsContract } from '../contract.ts';
import { agents } from '../module.ts';
import { type Asked, type Said, scriptedProvider } from './scripted-provider.ts';

type C = typeof agentsContract;
type Dispatch = ParamsOf<C, 'agent.dispatch'>;

const resting = ['completed', 'failed', 'cancelled', 'waiting_for_input'];
const password = 'seven quiet herons';

/** What agents need. */
export const agentModules = [auth, ledger, llm, projects, prompts, sandbox, search, connections, agents];

/** The whole platform with a project, and a provider that answers as the test says. */
export async function agentWorld(
  files: Readonly<Record<string, string>>,
  script: (asked: Asked) => Said | Promise<Said>,
  environment: Readonly<Record<string, string>> = {},
  { alone = true }: { readonly alone?: boolean } = {},
) {
  await using startup = new AsyncDisposableStack();
  const provider = startup.use(await scriptedProvider(script));
  const world = startup.use(
    await testWorld(agentModules, {
      alone,
      environment: {
        CDS_ADMIN_PASSWORD: password,
        CDS_LLM_OLLAMA_URL: '',
        CDS_SEARCH_INDEX_WAIT_MS: '30000',
        ...environment,
      },
    }),
  );
  const admin = () => world.call({ role: 'admin' });
  const providers = world.client(llmContract);
  const models = [{ id: 'strong', contextSize: 100_000 }];
  await providers.call(
    'admin.providers.create',
    { name: 'scripted', kind: 'openai', baseUrl: provider.url, apiKey: 'sk-test', models },
    admin(),
  );
  const owner = await newUser();
  const { id: projectId } = await world
    .client(projectsContract)
    .call('project.create', { name: 'Trial' }, world.call(owner));
  const workspace = path.join(world.dataDir, 'projects', projectId, 'workspace');
  const client = world.client(agentsContract);

  /** Somebody who has nothing to do with the project. */
  async function newUser(): Promise<Principal> {
    const username = `u-${randomUUID().slice(0, 13)}`;
    const accounts = world.client(authContract);
    await accounts.call('admin.users.create', { username, password, role: 'developer' }, admin());
    const signedIn = await accounts.call('auth.login', { username, password }, world.call(null));
    return {
      userId: signedIn.user.id,
      username,
      role: 'developer',
      credential: { kind: 'session', sessionId: randomUUID() },
    };
  }

  function write(name: string, content: string): void {
    mkdirSync(path.dirname(path.join(workspace, name)), { recursive: true });
    writeFileSync(path.join(workspace, name), content);
  }
  for (const [name, content] of Object.entries(files)) write(name, content);

  function call<K extends UnaryMethodName<C>>(
    method: K,
    params: ParamsOf<C, K>,
    by: Partial<Principal> = owner,
  ): Promise<ResultOf<C, K>> {
    return client.call(method, params, world.call(by));
  }
  const dispatch = async (task: Partial<Dispatch>) =>
    (
      await call('agent.dispatch', {
        projectId,
        agent: 'code',
        task: 'Do it',
        model: 'scripted/strong',
        ...task,
      })
    ).taskId;

  /** The task once it has ended or waits for input. */
  async function settled(taskId: string): Promise<ResultOf<C, 'agent.status'>> {
    for await (const _step of client.stream('agent.watch', { taskId }, world.call(owner)));
    const status = await call('agent.status', { taskId });
    if (!resting.includes(status.status))
      throw new Error(`the watch ended while the task is ${status.status}`);
    return status;
  }

  const stack = startup.move();
  return {
    world,
    provider,
    owner,
    newUser,
    projectId,
    workspace,
    client,
    call,
    write,
    dispatch,
    settled,
    run: async (task: Partial<Dispatch>) => settled(await dispatch(task)),
    read: (name: string) =>
      existsSync(path.join(workspace, name)) ? readFileSync(path.join(workspace, name), 'utf8') : null,
    steps: async (taskId: string) => (await call('agent.history', { taskId, limit: 500 })).steps,
    area: path.join(world.dataDir, 'projects', projectId, 'area'),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
