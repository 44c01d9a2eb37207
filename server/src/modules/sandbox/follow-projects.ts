import type { KilledBy } from './run/contract-shapes.ts';
import type { SandboxContext } from './run-part.ts';
import { deleteProject } from './store.ts';

/** Whatever runs for somebody in a project, of any engine. */
export interface Owned {
  readonly projectId: string;
  readonly userId: string;
}

export type KillWhere = (matches: (running: Owned) => boolean, by: KilledBy) => void;

/** Whoever may no longer be in a project has nothing running there, and nothing is kept of a project that is gone. */
export function followProjects(
  context: SandboxContext,
  followers: { readonly killWhere: readonly KillWhere[]; readonly onDeleted: (projectId: string) => void },
): void {
  interface Change {
    readonly projectId: string;
    readonly change?: string;
    readonly userId?: string | null;
  }
  const changes = context.events.subscribe('project.*', ({ name, payload }) => {
    const { projectId, change, userId } = payload as Change;
    const concerns =
      name === 'project.deleted'
        ? (running: Owned) => running.projectId === projectId
        : name === 'project.changed' && change === 'member_removed'
          ? (running: Owned) => running.projectId === projectId && running.userId === userId
          : null;
    if (concerns === null) return;
    for (const killWhere of followers.killWhere) killWhere(concerns, 'user');
    if (name === 'project.deleted') followers.onDeleted(projectId);
  });
  context.defer(() => changes[Symbol.dispose]());
  const purged = context.events.consume('sandbox.projects', 'project.purged', (event, transaction) =>
    deleteProject(transaction, (event.payload as Change).projectId),
  );
  context.defer(() => purged[Symbol.dispose]());
}
