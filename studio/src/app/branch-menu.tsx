import { useQuery } from '@tanstack/react-query';
import { Check, GitBranch, GitBranchPlus } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import { useText } from '../i18n/language.ts';
import { rpc } from '../rpc/client.ts';
import { MenuButton } from '../ui/menu.tsx';
import type { MenuEntry } from '../ui/menu-popup.tsx';
import { toast, toastFault } from '../ui/toasts.tsx';
import { branchesQuery, projectQuery, refreshProject } from './queries.ts';

const NewBranch = lazy(async () => ({ default: (await import('./new-branch.tsx')).NewBranch }));

/** The branch that is checked out; the menu switches to another one or makes one. */
export function BranchMenu({ projectId }: { projectId: string }) {
  const t = useText('shell');
  const project = useQuery(projectQuery(projectId)).data;
  const [menuOpen, setMenuOpen] = useState(false);
  const [creating, setCreating] = useState<'never' | boolean>('never');
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

  const entries = (): MenuEntry[] => [
    { note: <div className="menu-title">{t('branches')}</div> },
    ...branches.map((branch) => ({
      label: branch.name,
      icon: branch.name === git.branch ? <Check size={14} /> : <GitBranch size={14} />,
      disabled: !editable || branch.name === git.branch,
      current: branch.name === git.branch,
      run: () => void switchTo(branch.name),
    })),
    ...(editable
      ? [
          'line' as const,
          { label: t('newBranch'), icon: <GitBranchPlus size={14} />, run: () => setCreating(true) },
        ]
      : []),
  ];
  return (
    <>
      <MenuButton
        className="crumb branch"
        label={t('branchMenu', { branch: name })}
        entries={entries}
        onOpenChange={setMenuOpen}
      >
        <GitBranch size={14} />
        <span className="clip">{name}</span>
      </MenuButton>
      {creating !== 'never' && (
        <Suspense fallback={null}>
          <NewBranch
            open={creating}
            onClose={() => setCreating(false)}
            projectId={projectId}
            onMade={switchTo}
          />
        </Suspense>
      )}
    </>
  );
}
