import { Menu } from '@base-ui/react/menu';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { ChevronDown, Folder, LayoutGrid, Plus, Search, Settings } from 'lucide-react';
import { useText } from '../i18n/language.ts';
import { Logo } from '../ui/logo.tsx';
import { Preferences } from '../ui/preferences.tsx';
import { AccountMenu } from './account-menu.tsx';
import { BranchMenu } from './branch-menu.tsx';
import { projectQuery, projectsQuery } from './queries.ts';

export function TitleBar({ onCommands }: { onCommands: () => void }) {
  const t = useText('shell');
  const { projectId } = useParams({ strict: false });
  return (
    <header className="titlebar" data-region="title">
      <div className="titlebar-side">
        <Link to="/" className="titlebar-mark" aria-label={t('allProjects')} title={t('allProjects')}>
          <Logo />
        </Link>
        <ProjectMenu projectId={projectId} />
        {projectId !== undefined && <BranchMenu projectId={projectId} />}
      </div>
      <button type="button" className="command-field" onClick={onCommands}>
        <Search size={14} />
        <span className="grow clip">{t('commandField')}</span>
        <kbd className="kbd">{t('controlKey')} K</kbd>
      </button>
      <div className="titlebar-side end">
        <Preferences />
        <AccountMenu />
      </div>
    </header>
  );
}

function ProjectMenu({ projectId }: { projectId: string | undefined }) {
  const t = useText('shell');
  const navigate = useNavigate();
  const open = useQuery({ ...projectQuery(projectId ?? ''), enabled: projectId !== undefined }).data;
  const projects = useQuery(projectsQuery).data ?? [];
  const name = projectId === undefined ? t('projects') : (open?.project.name ?? '…');
  return (
    <Menu.Root>
      <Menu.Trigger className="crumb" aria-label={t('projectMenu', { name })}>
        <strong className="clip">{name}</strong>
        <ChevronDown size={12} />
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner sideOffset={6} align="start" className="menu-layer">
          <Menu.Popup className="menu">
            {projects.slice(0, 12).map((project) => (
              <Menu.Item
                key={project.id}
                className="menu-item"
                onClick={() => void navigate({ to: '/p/$projectId', params: { projectId: project.id } })}
              >
                <Folder size={14} />
                <span className="clip">{project.name}</span>
              </Menu.Item>
            ))}
            {projects.length > 0 && <div className="menu-line" />}
            {projectId !== undefined && (
              <Menu.Item
                className="menu-item"
                onClick={() => void navigate({ to: '/p/$projectId/settings', params: { projectId } })}
              >
                <Settings size={14} /> {t('projectSettings')}
              </Menu.Item>
            )}
            <Menu.Item className="menu-item" onClick={() => void navigate({ to: '/' })}>
              <LayoutGrid size={14} /> {t('allProjects')}
            </Menu.Item>
            <Menu.Item className="menu-item" onClick={() => void navigate({ to: '/welcome' })}>
              <Plus size={14} /> {t('newProject')}
            </Menu.Item>
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}
