import { History, RotateCcw } from 'lucide-react';
import { useState } from 'react';
import { queryClient } from '../../app/query-client.ts';
import { useLanguage, useText } from '../../i18n/language.ts';
import { rpc } from '../../rpc/client.ts';
import { ConfirmDialog } from '../../ui/confirm-dialog.tsx';
import { formatInstant, formatTime } from '../../ui/format.ts';
import { toast, toastFault } from '../../ui/toasts.tsx';
import { type SiteRelease, type SiteState, siteKey } from './use-site.ts';

interface SidebarProps {
  readonly projectId: string;
  readonly state: SiteState;
  readonly editable: boolean;
}

/** The kept releases, newest first, with the way back; below them what was deployed when. */
export function SiteSidebar({ projectId, state, editable }: SidebarProps) {
  const t = useText('site');
  const language = useLanguage();
  const [asked, setAsked] = useState<SiteRelease | undefined>();
  const labels = new Map(state.releases.map((release) => [release.id, release.label]));

  async function rollBack(release: SiteRelease) {
    try {
      await rpc.call('site.rollback', { projectId, releaseId: release.id });
      toast({ title: t('rolledBack', { label: release.label }) });
    } catch (error) {
      toastFault(error);
    }
    await queryClient.invalidateQueries({ queryKey: siteKey(projectId) });
  }

  return (
    <aside className="page-side" aria-label={t('releases')} data-region="sidebar">
      <header className="region-head">
        <h2>{t('releases')}</h2>
      </header>
      <div className="side-nav">
        {state.releases.length === 0 && <p className="history-note">{t('noReleases')}</p>}
        {state.releases.map((release) => (
          <div key={release.deployedAt + release.id} className="site-release">
            <span className="grow">
              <strong className="clip" title={release.label}>
                {release.label}
              </strong>
              <time
                className="text-muted"
                dateTime={release.deployedAt}
                title={formatInstant(release.deployedAt, language)}
              >
                {formatTime(release.deployedAt, language)}
              </time>
            </span>
            {release.live ? (
              <span className="chip success">{t('live')}</span>
            ) : (
              editable && (
                <button
                  type="button"
                  className="icon-button small"
                  aria-label={`${t('rollBack')}: ${release.label}`}
                  title={t('rollBack')}
                  onClick={() => setAsked(release)}
                >
                  <RotateCcw size={14} />
                </button>
              )
            )}
          </div>
        ))}
        {state.history.length > 0 && <small>{t('history')}</small>}
        {state.history.slice(0, 20).map((entry) => (
          <div key={entry.at} className="site-release">
            {entry.action === 'rollback' ? <RotateCcw size={14} /> : <History size={14} />}
            <span className="grow">
              <span className="clip">{t(`action.${entry.action}`)}</span>
              <span className="text-muted clip">
                {formatTime(entry.at, language)} · {labels.get(entry.releaseId) ?? entry.releaseId}
              </span>
            </span>
          </div>
        ))}
      </div>
      <ConfirmDialog
        open={asked !== undefined}
        title={t('rollBackTitle', { label: asked?.label ?? '' })}
        action={t('rollBack')}
        onConfirm={() => {
          if (asked) void rollBack(asked);
        }}
        onClose={() => setAsked(undefined)}
      >
        {t('rollBackText')}
      </ConfirmDialog>
    </aside>
  );
}
