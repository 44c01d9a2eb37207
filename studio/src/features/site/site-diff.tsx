import { useQuery } from '@tanstack/react-query';
import { useLanguage, useText } from '../../i18n/language.ts';
import { rpc } from '../../rpc/client.ts';
import { formatBytes } from '../../ui/format.ts';
import { PanelError } from '../../ui/panel-boundary.tsx';
import { type SiteRelease, siteKey } from './use-site.ts';

const mostShown = 100;
const tones = { added: 'success', removed: 'danger', changed: '' } as const;

/** What differs between the live release and the one before it. */
export function SiteDiff({ projectId, releases }: { projectId: string; releases: readonly SiteRelease[] }) {
  const t = useText('site');
  const language = useLanguage();
  const live = releases.findIndex((release) => release.live);
  const after = releases[live];
  const before = releases.slice(live + 1).find((release) => release.id !== after?.id);
  const possible = after !== undefined && before !== undefined;
  const diff = useQuery({
    queryKey: [...siteKey(projectId), 'diff', before?.id, after?.id],
    queryFn: () => rpc.call('site.diff', { projectId, before: before?.id, after: after?.id }),
    enabled: possible,
  });
  const size = (bytes: number | null) => (bytes === null ? '–' : formatBytes(bytes, language));
  return (
    <section className="card site-diff" aria-label={t('compare')}>
      <h2>{t('compare')}</h2>
      {!possible && <p className="text-second">{t('compareFirst')}</p>}
      {diff.error !== null && <PanelError error={diff.error} retry={() => void diff.refetch()} />}
      {diff.data !== undefined && (
        <>
          {diff.data.changes.length === 0 && <p className="text-second">{t('compareNone')}</p>}
          <table className="table">
            <tbody>
              {diff.data.changes.slice(0, mostShown).map((change) => (
                <tr key={change.path}>
                  <td>
                    <span className={`chip ${tones[change.kind]}`}>{t(change.kind)}</span>
                  </td>
                  <td className="site-path">
                    <code>{change.path}</code>
                  </td>
                  <td className="text-second">
                    {size(change.sizeBefore)} → {size(change.sizeAfter)}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
          <p className="text-second">
            {diff.data.changes.length > mostShown &&
              `${t('more', { count: diff.data.changes.length - mostShown })} · `}
            {t('unchanged', { count: diff.data.unchangedFiles })}
          </p>
        </>
      )}
    </section>
  );
}
