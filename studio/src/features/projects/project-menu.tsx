import { Menu } from '@base-ui/react/menu';
import { useNavigate } from '@tanstack/react-router';
import { Download, MoreHorizontal, Settings, Trash2 } from 'lucide-react';
import { useText } from '../../i18n/language.ts';
import type { Result } from '../../rpc/contracts.ts';
import { deleteProject, exportProject } from './project-actions.ts';

/** What can be done with a project in the list. */
export function ProjectMenu({ project }: { project: Result<'project.list'>['projects'][number] }) {
  const t = useText('projects');
  const navigate = useNavigate();
  return (
    <Menu.Root>
      <Menu.Trigger className="icon-button" aria-label={t('actionsOf', { name: project.name })}>
        <MoreHorizontal size={16} />
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner sideOffset={4} align="end" className="menu-layer">
          <Menu.Popup className="menu">
            <Menu.Item
              className="menu-item"
              onClick={() =>
                void navigate({ to: '/p/$projectId/settings', params: { projectId: project.id } })
              }
            >
              <Settings size={14} /> {t('settings')}
            </Menu.Item>
            <Menu.Item className="menu-item" onClick={() => void exportProject(project.id)}>
              <Download size={14} /> {t('export')}
            </Menu.Item>
            {project.role === 'owner' && (
              <>
                <div className="menu-line" />
                <Menu.Item className="menu-item" onClick={() => void deleteProject(project)}>
                  <Trash2 size={14} /> {t('delete')}
                </Menu.Item>
              </>
            )}
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}
