import './palette.css';
import { Dialog } from '@base-ui/react/dialog';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { Command } from 'cmdk';
import {
  Bot,
  FileText,
  Folder,
  Gauge,
  GitBranch,
  History,
  KeyRound,
  Languages,
  LayoutGrid,
  LogOut,
  PanelBottom,
  PanelLeft,
  Play,
  Plus,
  Search,
  Settings,
  SunMoon,
} from 'lucide-react';
import { createElement, type ReactNode, useState } from 'react';
import { type AgentName, agentIcons, agentNames } from '../features/agents/agent-names.ts';
import { prepareTask } from '../features/agents/draft.ts';
import { setLanguage, useLanguage, useText } from '../i18n/language.ts';
import { changeLayout, currentLayout } from '../ui/layout.ts';
import { matchFiles, mostFiles } from '../ui/match-files.ts';
import { toggleTheme } from '../ui/theme.ts';
import { toastFault } from '../ui/toasts.tsx';
import { projectQuery, projectsQuery } from './queries.ts';
import { signOut, useUser } from './session.ts';

interface PaletteProps {
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
}

/** Ctrl K: files of the open project, commands, projects. */
export function CommandPalette({ open, onOpenChange }: PaletteProps) {
  const t = useText('shell');
  return (
    <Dialog.Root open={open} onOpenChange={onOpenChange}>
      <Dialog.Portal>
        <Dialog.Backdrop className="dialog-backdrop" />
        <Dialog.Popup className="palette" aria-label={t('commands')}>
          <PaletteContent close={() => onOpenChange(false)} />
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

interface Entry {
  readonly label: string;
  readonly icon: ReactNode;
  readonly keys?: string;
  readonly run: () => unknown;
}

function useCommands(projectId: string | undefined): Entry[] {
  const t = useText('shell');
  const agents = useText('agents');
  const language = useLanguage();
  const user = useUser();
  const navigate = useNavigate();
  const params = { projectId: projectId ?? '' };
  const side = (name: 'search' | 'changes' | 'history') =>
    navigate({ to: '/p/$projectId', params, search: (before) => ({ ...before, side: name }) });
  const ask = (agent?: AgentName) => {
    if (projectId === undefined) return;
    prepareTask(projectId, agent === undefined ? {} : { agent });
    void navigate({ to: '/p/$projectId/agents', params });
  };
  const inProject: Entry[] = [
    { label: t('askAgent'), icon: <Bot size={14} />, keys: `${t('controlKey')} I`, run: () => ask() },
    ...agentNames.map((agent) => ({
      label: `${t('askAgent')}: ${agents(`full.${agent}`)}`,
      icon: createElement(agentIcons[agent], { size: 14 }),
      run: () => ask(agent),
    })),
    {
      label: t('agents'),
      icon: <Bot size={14} />,
      run: () => navigate({ to: '/p/$projectId/agents', params }),
    },
    {
      label: t('run'),
      icon: <Play size={14} />,
      run: () => navigate({ to: '/p/$projectId/run', params }),
    },
    {
      label: t('searchFiles'),
      icon: <Search size={14} />,
      keys: `${t('controlKey')} ${t('shiftKey')} F`,
      run: () => side('search'),
    },
    { label: t('changes'), icon: <GitBranch size={14} />, run: () => side('changes') },
    { label: t('history'), icon: <History size={14} />, run: () => side('history') },
    {
      label: t('toggleSidebar'),
      icon: <PanelLeft size={14} />,
      keys: `${t('controlKey')} B`,
      run: () => changeLayout({ sidebarOpen: !currentLayout().sidebarOpen }),
    },
    {
      label: t('toggleBottom'),
      icon: <PanelBottom size={14} />,
      keys: `${t('controlKey')} J`,
      run: () => changeLayout({ bottomOpen: !currentLayout().bottomOpen }),
    },
    {
      label: t('projectSettings'),
      icon: <Settings size={14} />,
      run: () => navigate({ to: '/p/$projectId/settings', params }),
    },
  ];
  return [
    ...(projectId === undefined ? [] : inProject),
    { label: t('allProjects'), icon: <LayoutGrid size={14} />, run: () => navigate({ to: '/' }) },
    { label: t('newProject'), icon: <Plus size={14} />, run: () => navigate({ to: '/welcome' }) },
    { label: t('switchTheme'), icon: <SunMoon size={14} />, run: toggleTheme },
    {
      label: t('switchLanguage'),
      icon: <Languages size={14} />,
      run: () => setLanguage(language === 'de' ? 'en' : 'de'),
    },
    {
      label: t('account.keys'),
      icon: <KeyRound size={14} />,
      run: () => navigate({ to: '/account/$section', params: { section: 'keys' } }),
    },
    ...(user.role === 'admin'
      ? [
          {
            label: t('manage'),
            icon: <Gauge size={14} />,
            run: () => navigate({ to: '/manage/$section', params: { section: 'users' } }),
          },
        ]
      : []),
    { label: t('signOut'), icon: <LogOut size={14} />, run: () => signOut().catch(toastFault) },
  ];
}

function PaletteContent({ close }: { close: () => void }) {
  const t = useText('shell');
  const navigate = useNavigate();
  const { projectId } = useParams({ strict: false });
  const [query, setQuery] = useState('');
  const projects = useQuery(projectsQuery).data ?? [];
  const open = useQuery({ ...projectQuery(projectId ?? ''), enabled: projectId !== undefined }).data;
  const commands = useCommands(projectId);
  const wanted = query.trim().toLowerCase();
  const fits = (label: string) => label.toLowerCase().includes(wanted);
  const files = matchFiles(open?.files.map((file) => file.path) ?? [], wanted);
  const act = (run: () => unknown) => () => {
    close();
    run();
  };
  return (
    <Command label={t('commands')} loop shouldFilter={false}>
      <Command.Input
        className="palette-input"
        placeholder={t('commandField')}
        value={query}
        onValueChange={setQuery}
        autoFocus
      />
      <Command.List className="palette-list" label={t('commands')}>
        <Command.Empty className="empty">{t('noMatch')}</Command.Empty>
        {projectId !== undefined && files.length > 0 && (
          <Command.Group heading={t('files')}>
            {files.slice(0, wanted === '' ? 6 : mostFiles).map((path) => (
              <Command.Item
                key={path}
                value={`file ${path}`}
                className="menu-item"
                onSelect={act(() =>
                  navigate({
                    to: '/p/$projectId',
                    params: { projectId },
                    search: (before) => ({ ...before, file: path, line: undefined, compare: undefined }),
                  }),
                )}
              >
                <FileText size={14} />
                {path.slice(path.lastIndexOf('/') + 1)}
                <span className="text-muted clip">{path.slice(0, Math.max(0, path.lastIndexOf('/')))}</span>
              </Command.Item>
            ))}
          </Command.Group>
        )}
        <Command.Group heading={t('commands')}>
          {commands
            .filter((command) => fits(command.label))
            .map((command) => (
              <Command.Item
                key={command.label}
                value={`command ${command.label}`}
                className="menu-item"
                onSelect={act(command.run)}
              >
                {command.icon} {command.label}
                {command.keys !== undefined && <kbd className="kbd">{command.keys}</kbd>}
              </Command.Item>
            ))}
        </Command.Group>
        <Command.Group heading={t('projects')}>
          {projects
            .filter((project) => fits(project.name))
            .slice(0, 20)
            .map((project) => (
              <Command.Item
                key={project.id}
                value={`project ${project.id}`}
                className="menu-item"
                onSelect={act(() => navigate({ to: '/p/$projectId', params: { projectId: project.id } }))}
              >
                <Folder size={14} /> {project.name}
              </Command.Item>
            ))}
        </Command.Group>
      </Command.List>
    </Command>
  );
}
