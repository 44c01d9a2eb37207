import { refreshProjects } from '../../app/queries.ts';
import { text } from '../../i18n/language.ts';
import { rpc } from '../../rpc/client.ts';
import { toastFault, toastUndo } from '../../ui/toasts.tsx';

interface Named {
  readonly id: string;
  readonly name: string;
}

/** Deletes a project; the message offers to take it back, and the start page does for 30 days. */
export async function deleteProject({ id, name }: Named): Promise<boolean> {
  try {
    await rpc.call('project.delete', { id });
  } catch (error) {
    toastFault(error);
    return false;
  }
  toastUndo(text('projects:deleted', { name }), () => {
    void rpc.call('project.restore', { id }).catch(toastFault).then(refreshProjects);
  });
  await refreshProjects();
  return true;
}

/** Downloads the working files as a zip. */
export async function exportProject(id: string): Promise<void> {
  try {
    const { url, fileName } = await rpc.call('project.export', { id });
    const link = document.createElement('a');
    link.href = url;
    link.download = fileName;
    link.click();
  } catch (error) {
    toastFault(error);
  }
}
