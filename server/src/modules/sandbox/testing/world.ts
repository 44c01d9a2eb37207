import { randomUUID } from 'node:crypto';
import type { Call, ParamsOf, ResultOf } from '#base/contract.ts';
import { type TestWorld, testWorld } from '#kernel/testing/world.ts';
import { auth } from '#modules/auth/module.ts';
import { ledger } from '#modules/ledger/module.ts';
import { projectsContract } from '#modules/projects/contract.ts';
import { projects } from '#modules/projects/module.ts';
import { sandboxContract } from '../contract.ts';
import { sandbox } from '../module.ts';

type Exec = ParamsOf<typeof sandboxContract, 'run.exec'>;

/** A project in a running platform, and short ways to run programs in it. */
export interface SandboxWorld extends AsyncDisposable {
  readonly world: TestWorld;
  readonly projectId: string;
  /** A new call of the project's owner. */
  call(): Call;
  exec(request: Omit<Exec, 'projectId'>, call?: Call): Promise<ResultOf<typeof sandboxContract, 'run.exec'>>;
  /** Runs a shell line. */
  shell(line: string, request?: Partial<Exec>): Promise<ResultOf<typeof sandboxContract, 'run.exec'>>;
  /** Runs a Python program. */
  python(code: string, request?: Partial<Exec>): Promise<ResultOf<typeof sandboxContract, 'run.exec'>>;
  newProject(call?: Call): Promise<string>;
}

/** The platform with projects and sandbox on a database of its own, and one empty project. */
export async function sandboxWorld(
  environment: Readonly<Record<string, string>> = {},
): Promise<SandboxWorld> {
  const world = await testWorld([auth, ledger, projects, sandbox], { environment });
  const userId = randomUUID();
  const client = world.client(sandboxContract);
  const call = () => world.call({ userId });

  async function newProject(owner = call()): Promise<string> {
    const created = await world
      .client(projectsContract)
      .call('project.create', { name: `Sandbox ${randomUUID().slice(0, 8)}` }, owner);
    return created.id;
  }

  const projectId = await newProject();
  const exec: SandboxWorld['exec'] = (request, by = call()) =>
    client.call('run.exec', { projectId, ...request }, by);
  return {
    world,
    projectId,
    call,
    newProject,
    exec,
    shell: (line, request = {}) => exec({ command: 'sh', args: ['-c', line], ...request }),
    python: (code, request = {}) => exec({ command: 'python3', args: ['-c', code], ...request }),
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}
