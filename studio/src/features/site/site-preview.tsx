import { useQuery } from '@tanstack/react-query';
import { ExternalLink } from 'lucide-react';
import { useState } from 'react';
import { useText } from '../../i18n/language.ts';
import { rpc } from '../../rpc/client.ts';
import { PanelError } from '../../ui/panel-boundary.tsx';
import { siteKey } from './use-site.ts';

const staleAfterMs = 30 * 60_000;

interface PreviewProps {
  readonly projectId: string;
  /** Changes with what is built. */
  readonly built: string;
  readonly live: string | undefined;
}

/** The built or the live release in a frame of its own origin: its scripts can't reach the studio. */
export function SitePreview({ projectId, built, live }: PreviewProps) {
  const t = useText('site');
  const [wanted, setWanted] = useState<'built' | 'live'>('built');
  const which = live === undefined ? 'built' : wanted;
  const preview = useQuery({
    queryKey: [...siteKey(projectId), 'preview', which, which === 'built' ? built : live],
    queryFn: () => rpc.call('site.preview', { projectId, which }),
    staleTime: staleAfterMs,
  });
  return (
    <section className="card site-preview" aria-label={t('preview')}>
      <header>
        <h2 className="grow">{t('preview')}</h2>
        {live !== undefined && (
          <div className="site-switch">
            {(['built', 'live'] as const).map((one) => (
              <button
                key={one}
                type="button"
                className="button small"
                aria-pressed={which === one}
                onClick={() => setWanted(one)}
              >
                {one === 'built' ? t('previewBuilt') : t('previewLive')}
              </button>
            ))}
          </div>
        )}
        {preview.data !== undefined && (
          <a className="button small" href={preview.data.path} target="_blank" rel="noreferrer">
            <ExternalLink size={14} /> {t('openPreview')}
          </a>
        )}
      </header>
      {preview.error !== null && <PanelError error={preview.error} retry={() => void preview.refetch()} />}
      {preview.data !== undefined && (
        <iframe
          title={t('previewFrame')}
          src={preview.data.path}
          sandbox="allow-scripts allow-forms allow-popups"
          referrerPolicy="no-referrer"
        />
      )}
    </section>
  );
}
