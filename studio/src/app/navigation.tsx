import { useQuery } from '@tanstack/react-query';
import { Link, useLocation, useNavigate, useParams } from '@tanstack/react-router';
import {
  Bot,
  CircleUserRound,
  Files,
  Gauge,
  GitBranch,
  Globe,
  History,
  Languages,
  LayoutGrid,
  Menu as MenuIcon,
  MessageSquareCode,
  Play,
  Search,
  Settings,
  SquareTerminal,
  SunMoon,
} from 'lucide-react';
import type { ReactNode } from 'react';
import { tasksQuery } from '../features/agents/agent-queries.ts';
import { setLanguage, useLanguage, useText } from '../i18n/language.ts';
import { MenuButton } from '../ui/menu.tsx';
import type { MenuEntry } from '../ui/menu-popup.tsx';
import { toggleTheme } from '../ui/theme.ts';
import { projectQuery } from './queries.ts';
import { useUser } from './session.ts';

type Area =
  | 'projects'
  | 'files'
  | 'search'
  | 'changes'
  | 'history'
  | 'run'
  | 'agents'
  | 'site'
  | 'terminal'
  | 'playground'
  | 'manage'
  | 'account'
  | 'settings';

/** Which area the address belongs to. */
function useArea(): Area {
  const { pathname, search } = useLocation();
  if (pathname.startsWith('/manage')) return 'manage';
  if (pathname.startsWith('/account')) return 'account';
  if (pathname.startsWith('/playground')) return 'playground';
  if (/^\/p\/[^/]+\/agents(\/|$)/.test(pathname)) return 'agents';
  if (pathname.endsWith('/run')) return 'run';
  if (pathname.endsWith('/site')) return 'site';
  if (pathname.endsWith('/settings')) return 'settings';
  if (!pathname.startsWith('/p/')) return 'projects';
  const { side, panel } = search as { side?: Area; panel?: string };
  if (panel === 'terminal') return 'terminal';
  return side ?? 'files';
}

function useChangedFiles(projectId: string | undefined): number {
  const project = useQuery({ ...projectQuery(projectId ?? ''), enabled: projectId !== undefined }).data;
  return project?.git?.files.length ?? 0;
}

/** Agents of this project that work or wait for an answer. */
function useWorkingAgents(projectId: string | undefined): number {
  const tasks = useQuery({ ...tasksQuery(projectId ?? ''), enabled: projectId !== undefined }).data;
  return tasks?.filter(({ status }) => status === 'running' || status === 'waiting_for_input').length ?? 0;
}

export function ActivityBar() {
  const t = useText('shell');
  const user = useUser();
  const area = useArea();
  const { projectId } = useParams({ strict: false });
  const changes = useChangedFiles(projectId);
  const working = useWorkingAgents(projectId);
  const current = (here: Area) => (area === here ? ({ 'aria-current': 'page' } as const) : {});
  const params = { projectId: projectId ?? '' };
  const name = (label: string) => ({ 'aria-label': label, title: label, className: 'activity' });
  return (
    <nav className="activitybar" aria-label={t('areas')} data-region="activity">
      {projectId === undefined ? (
        <Link to="/" {...name(t('projects'))} {...current('projects')}>
          <LayoutGrid size={20} />
        </Link>
      ) : (
        <>
          <Link
            to="/p/$projectId"
            params={params}
            search={(before) => ({ ...before, side: 'files', panel: undefined })}
            {...name(t('files'))}
            {...current('files')}
          >
            <Files size={20} />
          </Link>
          <Link
            to="/p/$projectId"
            params={params}
            search={(before) => ({ ...before, side: 'search', panel: undefined })}
            {...name(`${t('search')} (${t('controlKey')} ${t('shiftKey')} F)`)}
            aria-label={t('search')}
            {...current('search')}
          >
            <Search size={20} />
          </Link>
          <Link
            to="/p/$projectId"
            params={params}
            search={(before) => ({ ...before, side: 'changes', panel: undefined })}
            {...name(changes === 0 ? t('changes') : t('changesCount', { count: changes }))}
            {...current('changes')}
          >
            <GitBranch size={20} />
            {changes > 0 && <span className="badge">{changes > 99 ? '99+' : changes}</span>}
          </Link>
          <Link
            to="/p/$projectId"
            params={params}
            search={(before) => ({ ...before, side: 'history', panel: undefined })}
            {...name(t('history'))}
            {...current('history')}
          >
            <History size={20} />
          </Link>
          <Link
            to="/p/$projectId/agents"
            params={params}
            {...name(working === 0 ? t('agents') : t('agentsWorking', { count: working }))}
            {...current('agents')}
          >
            <Bot size={20} />
            {working > 0 && <span className="badge agent">{working}</span>}
          </Link>
          <Link to="/p/$projectId/run" params={params} {...name(t('run'))} {...current('run')}>
            <Play size={20} />
          </Link>
          <Link to="/p/$projectId/site" params={params} {...name(t('site'))} {...current('site')}>
            <Globe size={20} />
          </Link>
        </>
      )}
      <Link to="/playground" {...name(t('playground'))} {...current('playground')}>
        <MessageSquareCode size={20} />
      </Link>
      <span className="grow" />
      {user.role === 'admin' && (
        <Link
          to="/manage/$section"
          params={{ section: 'users' }}
          {...name(t('manage'))}
          {...current('manage')}
        >
          <Gauge size={20} />
        </Link>
      )}
      {projectId !== undefined && (
        <Link
          to="/p/$projectId/settings"
          params={params}
          {...name(t('projectSettings'))}
          {...current('settings')}
        >
          <Settings size={20} />
        </Link>
      )}
    </nav>
  );
}

/** The areas at the bottom of a phone. */
export function PhoneNav() {
  const t = useText('shell');
  const area = useArea();
  const { projectId } = useParams({ strict: false });
  const changes = useChangedFiles(projectId);
  const working = useWorkingAgents(projectId);
  const params = { projectId: projectId ?? '' };
  const item = (here: Area, label: string, icon: ReactNode) => ({
    children: (
      <>
        {icon}
        {label}
      </>
    ),
    ...(area === here ? { 'aria-current': 'page' as const } : {}),
  });
  return (
    <nav className="phone-nav" aria-label={t('areas')}>
      {projectId === undefined ? (
        <Link to="/" {...item('projects', t('projects'), <LayoutGrid size={20} />)} />
      ) : (
        <>
          <Link
            to="/p/$projectId/agents"
            params={params}
            {...item(
              'agents',
              t('agents'),
              <>
                <Bot size={20} />
                {working > 0 && <span className="badge agent">{working}</span>}
              </>,
            )}
          />
          <Link
            to="/p/$projectId"
            params={params}
            search={{ side: 'files' }}
            {...item('files', t('files'), <Files size={20} />)}
          />
          <Link
            to="/p/$projectId"
            params={params}
            search={{ side: 'changes' }}
            {...item(
              'changes',
              t('changes'),
              <>
                <GitBranch size={20} />
                {changes > 0 && <span className="badge">{changes}</span>}
              </>,
            )}
          />
          <Link to="/p/$projectId/run" params={params} {...item('run', t('run'), <Play size={20} />)} />
        </>
      )}
      <MoreMenu projectId={projectId} />
    </nav>
  );
}

function MoreMenu({ projectId }: { projectId: string | undefined }) {
  const t = useText('shell');
  const user = useUser();
  const language = useLanguage();
  const navigate = useNavigate();
  const go = (label: string, Icon: typeof Globe, run: () => unknown): MenuEntry => ({
    label,
    icon: <Icon size={14} />,
    run: () => void run(),
  });
  const inProject = (id: string): MenuEntry[] => {
    const params = { projectId: id };
    const workbench = (search: object) => () => navigate({ to: '/p/$projectId', params, search });
    return [
      go(t('terminal'), SquareTerminal, workbench({ panel: 'terminal' })),
      go(t('search'), Search, workbench({ side: 'search' })),
      go(t('history'), History, workbench({ side: 'history' })),
      go(t('site'), Globe, () => navigate({ to: '/p/$projectId/site', params })),
      go(t('projectSettings'), Settings, () => navigate({ to: '/p/$projectId/settings', params })),
    ];
  };
  const entries = (): MenuEntry[] => [
    go(t('allProjects'), LayoutGrid, () => navigate({ to: '/' })),
    go(t('playground'), MessageSquareCode, () => navigate({ to: '/playground' })),
    ...(projectId === undefined ? [] : inProject(projectId)),
    ...(user.role === 'admin'
      ? [go(t('manage'), Gauge, () => navigate({ to: '/manage/$section', params: { section: 'users' } }))]
      : []),
    go(t('accountTitle'), CircleUserRound, () =>
      navigate({ to: '/account/$section', params: { section: 'password' } }),
    ),
    go(t('switchTheme'), SunMoon, toggleTheme),
    go(t('switchLanguage'), Languages, () => setLanguage(language === 'de' ? 'en' : 'de')),
  ];
  return (
    <MenuButton className="phone-more" label={t('more')} align="end" entries={entries}>
      <MenuIcon size={20} />
      {t('more')}
    </MenuButton>
  );
}
