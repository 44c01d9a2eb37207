import { Dialog } from '@base-ui/react/dialog';
import { Menu } from '@base-ui/react/menu';
import { useQuery } from '@tanstack/react-query';
import { Check, GitBranch, GitBranchPlus } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { useText } from '../i18n/language.ts';
import { rpc } from '../rpc/client.ts';
import { Field } from '../ui/field.tsx';
import { toast, toastFault } from '../ui/toasts.tsx';
import { branchesQuery, projectQuery, refreshProject } from './queries.ts';

/** The branch that is checked out; the menu switches to another one or makes one. */
export function BranchMenu({ projectId }: { projectId: string }) {
  const t = useText('shell');
  const project = useQuery(projectQuery(projectId)).data;
  const [menuOpen, setMenuOpen] = useState(false);
  const [creating, setCreating] = useState(false);
  const branches = useQuery({ ...branchesQuery(projectId), enabled: menuOpen }).data?.branches ?? [];
  const git = project?.git;
  if (git === undefined || git === null) return null;
  const editable = project?.project.role !== 'viewer';
  const name = git.branch ?? git.commitId?.slice(0, 8) ?? t('noCommit');

  async function switchTo(revision: string) {
    try {
      await rpc.call('project.git.checkout', { projectId, revision });
      toast({ title: t('switchedTo', { branch: revision }) });
    } catch (error) {
      toastFault(error);
    }
    await refreshProject(projectId);
  }

  return (
    <>
      <Menu.Root open={menuOpen} onOpenChange={setMenuOpen}>
        <Menu.Trigger className="crumb branch" aria-label={t('branchMenu', { branch: name })}>
          <GitBranch size={14} />
          <span className="clip">{name}</span>
        </Menu.Trigger>
        <Menu.Portal>
          <Menu.Positioner sideOffset={6} align="start" className="menu-layer">
            <Menu.Popup className="menu">
              <div className="menu-title">{t('branches')}</div>
              {branches.map((branch) => (
                <Menu.Item
                  key={branch.name}
                  className="menu-item"
                  disabled={!editable || branch.name === git.branch}
                  onClick={() => void switchTo(branch.name)}
                >
                  {branch.name === git.branch ? <Check size={14} /> : <GitBranch size={14} />}
                  <span className="clip">{branch.name}</span>
                </Menu.Item>
              ))}
              {editable && (
                <>
                  <div className="menu-line" />
                  <Menu.Item className="menu-item" onClick={() => setCreating(true)}>
                    <GitBranchPlus size={14} /> {t('newBranch')}
                  </Menu.Item>
                </>
              )}
            </Menu.Popup>
          </Menu.Positioner>
        </Menu.Portal>
      </Menu.Root>
      <NewBranch open={creating} onClose={() => setCreating(false)} projectId={projectId} onMade={switchTo} />
    </>
  );
}

interface NewBranchProps {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly projectId: string;
  readonly onMade: (branch: string) => Promise<void>;
}

function NewBranch({ open, onClose, projectId, onMade }: NewBranchProps) {
  const t = useText('shell');
  const [problem, setProblem] = useState<string>();
  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const name = String(new FormData(event.currentTarget).get('branch') ?? '').trim();
    try {
      await rpc.call('project.git.branch', { projectId, create: name });
      setProblem(undefined);
      onClose();
      await onMade(name);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  }
  return (
    <Dialog.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="dialog-backdrop" />
        <Dialog.Popup className="dialog">
          <Dialog.Title className="dialog-title">{t('newBranch')}</Dialog.Title>
          <form onSubmit={(event) => void submit(event)} className="section-body p-0">
            <Field
              name="branch"
              label={t('branchName')}
              error={problem}
              required
              maxLength={200}
              autoComplete="off"
            />
            <div className="dialog-actions">
              <Dialog.Close className="button ghost">{t('cancel')}</Dialog.Close>
              <button type="submit" className="button primary">
                {t('createBranch')}
              </button>
            </div>
          </form>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
