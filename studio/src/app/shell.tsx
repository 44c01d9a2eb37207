import { useNavigate, useParams } from '@tanstack/react-router';
import { lazy, type ReactNode, Suspense, useCallback, useState } from 'react';
import { useText } from '../i18n/language.ts';
import { changeLayout } from '../ui/layout.ts';
import { usePhone } from '../ui/media.ts';
import { PanelBoundary } from '../ui/panel-boundary.tsx';
import { ActivityBar, PhoneNav } from './navigation.tsx';
import { searchRequests } from './search-request.ts';
import { StatusBar } from './status-bar.tsx';
import { TitleBar } from './title-bar.tsx';
import { useShellKeys } from './use-shell-keys.ts';

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

/** The frame of every view: title bar, activity bar, the work, status bar. */
export function Shell({ children }: { children: ReactNode }) {
  const t = useText('shell');
  const [palette, setPalette] = useState<'never' | 'open' | 'closed'>('never');
  const openPalette = useCallback(() => setPalette((now) => (now === 'open' ? 'closed' : 'open')), []);
  useShellKeys(openPalette, useOpenSearch());
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
