import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { ChevronDown, Folder, LayoutGrid, Plus, Search, Settings } from 'lucide-react';
import { useText } from '../i18n/language.ts';
import { Logo } from '../ui/logo.tsx';
import { MenuButton } from '../ui/menu.tsx';
import type { MenuEntry } from '../ui/menu-popup.tsx';
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
  const entries = (): MenuEntry[] => [
    ...projects.slice(0, 12).map((project) => ({
      label: project.name,
      icon: <Folder size={14} />,
      current: project.id === projectId,
      run: () => void navigate({ to: '/p/$projectId', params: { projectId: project.id } }),
    })),
    ...(projects.length > 0 ? (['line'] as const) : []),
    ...(projectId === undefined
      ? []
      : [
          {
            label: t('projectSettings'),
            icon: <Settings size={14} />,
            run: () => void navigate({ to: '/p/$projectId/settings', params: { projectId } }),
          },
        ]),
    { label: t('allProjects'), icon: <LayoutGrid size={14} />, run: () => void navigate({ to: '/' }) },
    { label: t('newProject'), icon: <Plus size={14} />, run: () => void navigate({ to: '/welcome' }) },
  ];
  return (
    <MenuButton className="crumb" label={t('projectMenu', { name })} entries={entries}>
      <strong className="clip">{name}</strong>
      <ChevronDown size={12} />
    </MenuButton>
  );
}
