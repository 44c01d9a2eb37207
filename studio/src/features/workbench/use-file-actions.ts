import { queryClient } from '../../app/query-client.ts';
import { useText } from '../../i18n/language.ts';
import { rpc } from '../../rpc/client.ts';
import { toast, toastFault } from '../../ui/toasts.tsx';
import { workbenchTexts } from './texts.ts';
import type { FileActions } from './tree-actions.tsx';
import type { Documents } from './use-documents.ts';

/** Reads a project's files and their git state again. */
export function refreshProject(projectId: string): Promise<void> {
  return queryClient.invalidateQueries({ queryKey: ['project', projectId] });
}

/** What the tree does, on the server; a deleted file can be taken back from its history. */
export function useFileActions(projectId: string, documents: Documents): FileActions {
  const t = useText(workbenchTexts);

  async function attempt(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      toastFault(error);
    }
    await refreshProject(projectId);
  }

  async function bringBack(path: string): Promise<void> {
    const { files } = await rpc.call('project.file.deleted', { projectId, limit: 500 });
    const mine = files.filter((file) => file.path === path || file.path.startsWith(`${path}/`));
    for (const file of mine) await rpc.call('project.file.revert', { projectId, versionId: file.versionId });
  }

  return {
    create: (path, kind) =>
      attempt(async () => {
        if (kind === 'folder') await rpc.call('fs.mkdir', { projectId, path });
        else {
          await rpc.call('project.file.save', { projectId, path, content: '', ifMatch: null });
          documents.open(path);
        }
      }),
    move: (from, to) =>
      attempt(async () => {
        for (const open of documents.all()) await open.save();
        await rpc.call('fs.move', { projectId, src: from, dest: to });
        documents.moved(from, to);
      }),
    remove: (path, kind) =>
      attempt(async () => {
        for (const open of documents.all())
          if (open.path === path || open.path.startsWith(`${path}/`)) await open.save();
        await rpc.call('fs.delete', { projectId, path, recursive: kind === 'folder' });
        for (const tab of documents.tabs)
          if (tab === path || tab.startsWith(`${path}/`)) documents.close(tab);
        toast(t.deleted(path), { label: t.undo, run: () => void attempt(() => bringBack(path)) });
      }),
  };
}
