import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { ChevronDown, Files, Play, Search, Users, Wifi, WifiOff } from 'lucide-react';
import { type ReactNode, useEffect, useState, useSyncExternalStore } from 'react';
import { useLanguage, useText } from '../i18n/language.ts';
import { rpc } from '../rpc/client.ts';
import { Logo } from '../ui/logo.tsx';
import { PanelBoundary } from '../ui/panel-boundary.tsx';
import { Preferences } from '../ui/preferences.tsx';
import { AccountMenu } from './account-menu.tsx';
import { CommandPalette } from './command-palette.tsx';
import type { User } from './session.ts';
import { shellTexts } from './texts.ts';

/** The frame of every view: title bar, activity bar, the work, status bar. */
export function Shell({ user, children }: { user: User; children: ReactNode }) {
  const t = useText(shellTexts);
  const { projectId } = useParams({ strict: false });
  const [paletteOpen, setPaletteOpen] = useState(false);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        setPaletteOpen((open) => !open);
      }
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  return (
    <div className="shell">
      <a className="skip-link" href="#work">
        {t.skip}
      </a>
      <header className="titlebar">
        <Link to="/" className="titlebar-mark" aria-label={t.projects}>
          <Logo />
        </Link>
        <ProjectName projectId={projectId} />
        <button type="button" className="command-field" onClick={() => setPaletteOpen(true)}>
          <Search size={14} />
          <span className="clip">{t.search}</span>
          <kbd>Ctrl K</kbd>
        </button>
        <span className="titlebar-end">
          <Preferences />
          <AccountMenu user={user} />
        </span>
      </header>
      <nav className="activitybar" aria-label={t.main}>
        {projectId !== undefined && (
          <>
            <Activity
              to="/p/$projectId"
              projectId={projectId}
              label={t.files}
              icon={<Files size={20} strokeWidth={1.75} />}
            />
            <Activity
              to="/p/$projectId/run"
              projectId={projectId}
              label={t.run}
              icon={<Play size={20} strokeWidth={1.75} />}
            />
          </>
        )}
        <span className="flex-1" />
        {user.role === 'admin' && (
          <Link to="/admin/people" className="activity" aria-label={t.people} title={t.people}>
            <Users size={20} strokeWidth={1.75} />
          </Link>
        )}
      </nav>
      <main id="work" className="work" tabIndex={-1}>
        <PanelBoundary key={projectId ?? 'none'}>{children}</PanelBoundary>
      </main>
      <StatusBar user={user} />
      <CommandPalette open={paletteOpen} onOpenChange={setPaletteOpen} />
    </div>
  );
}

function Activity(props: {
  to: '/p/$projectId' | '/p/$projectId/run';
  projectId: string;
  label: string;
  icon: ReactNode;
}) {
  return (
    <Link
      to={props.to}
      params={{ projectId: props.projectId }}
      className="activity"
      activeOptions={{ exact: true }}
      aria-label={props.label}
      title={props.label}
    >
      {props.icon}
    </Link>
  );
}

function ProjectName({ projectId }: { projectId: string | undefined }) {
  const t = useText(shellTexts);
  const project = useQuery({
    queryKey: ['project', projectId],
    queryFn: () => rpc.call('project.open', { id: projectId ?? '' }),
    enabled: projectId !== undefined,
  }).data;
  return (
    <Link to="/" className="button ghost titlebar-project">
      <strong className="clip">{project?.project.name ?? t.projects}</strong>
      <ChevronDown size={14} />
    </Link>
  );
}

function subscribeOnline(listener: () => void): () => void {
  addEventListener('online', listener);
  addEventListener('offline', listener);
  return () => {
    removeEventListener('online', listener);
    removeEventListener('offline', listener);
  };
}

function StatusBar({ user }: { user: User }) {
  const t = useText(shellTexts);
  const language = useLanguage();
  const online = useSyncExternalStore(subscribeOnline, () => navigator.onLine);
  return (
    <footer className="statusbar">
      <span id="statusbar-start" className="statusbar-part" />
      <span className="flex-1" />
      <span className="statusbar-part numbers">{t.tokens(user.tokenBalance.toLocaleString(language))}</span>
      <span className="statusbar-part">
        {online ? <Wifi size={14} className="text-ok" /> : <WifiOff size={14} className="text-warn" />}
        {online ? t.connected : t.offline}
      </span>
    </footer>
  );
}
