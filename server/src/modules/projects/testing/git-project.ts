import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ProjectWorld } from './project-world.ts';

/** A fresh project with its repository, and short ways to both. */
export async function gitProject(shared: ProjectWorld) {
  const person = shared.person();
  const { id: projectId } = await person.call('project.create', { name: 'git', template: 'node-ts' });
  const workspace = shared.workspaceOf(projectId);
  return {
    person,
    projectId,
    workspace,
    put: (name: string, content: string) => {
      mkdirSync(path.dirname(path.join(workspace, name)), { recursive: true });
      writeFileSync(path.join(workspace, name), content);
    },
    get: (name: string) => readFileSync(path.join(workspace, name), 'utf8'),
    commit: (message: string, paths?: string[]) =>
      person.call('project.git.commit', { projectId, message, ...(paths === undefined ? {} : { paths }) }),
    status: () => person.call('project.git.status', { projectId }),
    /** What somebody does in the project's terminal. */
    git: (...args: string[]) =>
      execFileSync('git', ['-C', workspace, '-c', 'safe.directory=*', ...args], {
        encoding: 'utf8',
        env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null' },
      }),
  };
}
