import { refreshProject } from '../../app/queries.ts';
import { text } from '../../i18n/language.ts';
import { rpc } from '../../rpc/client.ts';
import { toastFault, toastUndo } from '../../ui/toasts.tsx';
import type { DocumentStore } from './document-store.ts';
import { copyName, nameOf } from './tree-model.ts';

/** What the tree does with files, on the server; what can be undone offers to. False: it failed, and a toast says why. */
export interface FileActions {
  create(path: string, kind: 'file' | 'folder'): Promise<boolean>;
  move(from: string, to: string): Promise<boolean>;
  remove(path: string, kind: 'file' | 'folder'): Promise<boolean>;
  duplicate(path: string, taken: ReadonlySet<string>): Promise<boolean>;
}

/** @param show opens a file in the editor */
export function createFileActions(documents: DocumentStore, show: (path: string) => void): FileActions {
  const { projectId } = documents;

  async function attempt(work: () => Promise<unknown>): Promise<boolean> {
    let done = true;
    try {
      await work();
    } catch (error) {
      done = false;
      toastFault(error);
    }
    await refreshProject(projectId);
    return done;
  }

  async function bringBack(path: string, kind: 'file' | 'folder'): Promise<void> {
    const { files } = await rpc.call('project.file.deleted', { projectId, limit: 500 });
    const mine = files.filter((file) => file.path === path || file.path.startsWith(`${path}/`));
    if (kind === 'folder') await rpc.call('fs.mkdir', { projectId, path });
    for (const file of mine) {
      await rpc.call('project.file.revert', { projectId, versionId: file.versionId });
    }
  }

  async function move(from: string, to: string): Promise<void> {
    await documents.saveAll();
    await rpc.call('fs.move', { projectId, src: from, dest: to });
    documents.moved(from, to);
  }

  return {
    create: (path, kind) =>
      attempt(async () => {
        if (kind === 'folder') await rpc.call('fs.mkdir', { projectId, path });
        else {
          await rpc.call('project.file.save', { projectId, path, content: '', ifMatch: null });
          show(path);
        }
      }),
    move: (from, to) =>
      attempt(async () => {
        await move(from, to);
        toastUndo(text('workbench:moved', { from: nameOf(from), to }), () => {
          void attempt(() => move(to, from));
        });
      }),
    remove: (path, kind) =>
      attempt(async () => {
        await documents.saveAll();
        await rpc.call('fs.delete', { projectId, path, recursive: kind === 'folder' });
        documents.removed(path);
        toastUndo(text('workbench:deleted', { path }), () => {
          void attempt(() => bringBack(path, kind));
        });
      }),
    duplicate: (path, taken) =>
      attempt(() => rpc.call('fs.copy', { projectId, src: path, dest: copyName(path, taken) })),
  };
}
