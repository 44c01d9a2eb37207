import { useLocation, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { lazy, type ReactNode, Suspense, useCallback, useState } from 'react';
import { prepareAsk } from '../features/agents/ask.ts';
import { useText } from '../i18n/language.ts';
import { changeLayout } from '../ui/layout.ts';
import { useMedium, usePhone } from '../ui/media.ts';
import { PanelBoundary } from '../ui/panel-boundary.tsx';
import { ActivityBar, PhoneNav } from './navigation.tsx';
import { searchRequests } from './search-request.ts';
import { StatusBar } from './status-bar.tsx';
import { TitleBar } from './title-bar.tsx';
import { useShellKeys } from './use-shell-keys.ts';
import { textOf } from './workbench-search.ts';

const CommandPalette = lazy(async () => ({
  default: (await import('./command-palette.tsx')).CommandPalette,
}));

/** Shows the search over all files of the open project, with the focus in its field. */
function useOpenSearch(): () => void {
  const navigate = useNavigate();
  const phone = usePhone();
  const { projectId } = useParams({ strict: false });
  return useCallback(() => {
    if (projectId === undefined) return;
    changeLayout({ sidebarOpen: true });
    searchRequests.set((count) => count + 1);
    void navigate({
      to: '/p/$projectId',
      params: { projectId },
      // A phone shows one thing at a time: the file gives way.
      search: (before) => ({
        ...before,
        side: 'search',
        panel: undefined,
        ...(phone ? { file: undefined } : {}),
      }),
    });
  }, [navigate, phone, projectId]);
}

/** Opens the agents with what is selected in the editor: beside it where there is room, else in their own view. */
function useAskAgent(): () => void {
  const navigate = useNavigate();
  const medium = useMedium();
  const { projectId } = useParams({ strict: false });
  const openFile = textOf((useSearch({ strict: false }) as Record<string, unknown>).file);
  const besideEditor = useLocation().pathname === `/p/${projectId ?? ''}` && !medium;
  return useCallback(() => {
    if (projectId === undefined) return;
    prepareAsk(projectId, besideEditor ? openFile : undefined);
    if (besideEditor) changeLayout({ agentsOpen: true });
    else void navigate({ to: '/p/$projectId/agents', params: { projectId } });
  }, [navigate, besideEditor, openFile, projectId]);
}

/** The frame of every view: title bar, activity bar, the work, status bar. */
export function Shell({ children }: { children: ReactNode }) {
  const t = useText('shell');
  const [palette, setPalette] = useState<'never' | 'open' | 'closed'>('never');
  const openPalette = useCallback(() => setPalette((now) => (now === 'open' ? 'closed' : 'open')), []);
  useShellKeys({ openPalette, openSearch: useOpenSearch(), askAgent: useAskAgent() });
  return (
    <div className="shell">
      <a className="skip-link" href="#work">
        {t('skip')}
      </a>
      <TitleBar onCommands={() => setPalette('open')} />
      <ActivityBar />
      <main id="work" className="work" tabIndex={-1}>
        <PanelBoundary>{children}</PanelBoundary>
      </main>
      <StatusBar />
      <PhoneNav />
      {palette !== 'never' && (
        <Suspense fallback={null}>
          <CommandPalette
            open={palette === 'open'}
            onOpenChange={(open) => setPalette(open ? 'open' : 'closed')}
          />
        </Suspense>
      )}
    </div>
  );
}
