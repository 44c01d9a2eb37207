import { useNavigate } from '@tanstack/react-router';
import { Download, MoreHorizontal, Settings, Trash2 } from 'lucide-react';
import { useText } from '../../i18n/language.ts';
import type { Result } from '../../rpc/contracts.ts';
import { MenuButton } from '../../ui/menu.tsx';
import type { MenuEntry } from '../../ui/menu-popup.tsx';
import { deleteProject, exportProject } from './project-actions.ts';

/** What can be done with a project in the list. */
export function ProjectMenu({ project }: { project: Result<'project.list'>['projects'][number] }) {
  const t = useText('projects');
  const navigate = useNavigate();
  const entries = (): MenuEntry[] => [
    {
      label: t('settings'),
      icon: <Settings size={14} />,
      run: () => void navigate({ to: '/p/$projectId/settings', params: { projectId: project.id } }),
    },
    { label: t('export'), icon: <Download size={14} />, run: () => void exportProject(project.id) },
    ...(project.role === 'owner'
      ? [
          'line' as const,
          { label: t('delete'), icon: <Trash2 size={14} />, run: () => void deleteProject(project) },
        ]
      : []),
  ];
  return (
    <MenuButton
      className="icon-button"
      label={t('actionsOf', { name: project.name })}
      align="end"
      entries={entries}
    >
      <MoreHorizontal size={16} />
    </MenuButton>
  );
}
