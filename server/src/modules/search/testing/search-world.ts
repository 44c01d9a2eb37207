import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ParamsOf, ResultOf } from '#base/contract.ts';
import type { AnyModule } from '#kernel/module.ts';
import { testWorld } from '#kernel/testing/world.ts';
import { auth } from '#modules/auth/module.ts';
import { ledger } from '#modules/ledger/module.ts';
import { projectsContract } from '#modules/projects/contract.ts';
import { projects } from '#modules/projects/module.ts';
import { sandbox } from '#modules/sandbox/module.ts';
import { searchContract } from '../contract.ts';
import { search } from '../module.ts';

type Query = ParamsOf<typeof searchContract, 'search.code'>;

/** A project whose files a test writes directly, and search on it. */
export async function searchWorld(
  files: Readonly<Record<string, string | Buffer>>,
  options: { readonly modules?: readonly AnyModule[]; readonly environment?: Record<string, string> } = {},
) {
  const modules = [auth, ledger, projects, sandbox, search, ...(options.modules ?? [])];
  const environment = { CDS_SEARCH_INDEX_WAIT_MS: '30000', ...options.environment };
  const world = await testWorld(modules, { environment });
  const owner = world.call();
  const { id: projectId } = await world
    .client(projectsContract)
    .call('project.create', { name: 'Trial' }, owner);
  const workspace = path.join(world.dataDir, 'projects', projectId, 'workspace');
  const client = world.client(searchContract);
  function write(name: string, content: string | Buffer): void {
    const file = path.join(workspace, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
  for (const [name, content] of Object.entries(files)) write(name, content);
  return {
    world,
    projectId,
    owner,
    workspace,
    client,
    write,
    code: (
      query: Omit<Query, 'projectId'>,
      call = owner,
    ): Promise<ResultOf<typeof searchContract, 'search.code'>> =>
      client.call('search.code', { projectId, ...query }, call),
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}
