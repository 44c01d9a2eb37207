import { useQuery } from '@tanstack/react-query';
import { useLanguage, useText } from '../../i18n/language.ts';
import { rpc } from '../../rpc/client.ts';
import { formatBytes } from '../../ui/format.ts';
import { toastFault } from '../../ui/toasts.tsx';
import { type DownloadState, downloadsQuery, refreshModels } from './model-queries.ts';

/** Downloads that run, and those that ended without the reader’s knowing. */
export function Downloads() {
  const t = useText('models');
  const downloads =
    useQuery(downloadsQuery).data?.downloads.filter(({ state }) => state !== 'finished') ?? [];
  if (downloads.length === 0) return null;
  return (
    <section className="card section" aria-labelledby="downloads-title">
      <header>
        <h2 id="downloads-title">{t('downloads')}</h2>
      </header>
      <div className="section-body">
        {downloads.map((download) => (
          <DownloadLine key={download.downloadId} download={download} />
        ))}
      </div>
    </section>
  );
}

function DownloadLine({ download }: { download: DownloadState }) {
  const t = useText('models');
  const language = useLanguage();
  const { state, receivedBytes, totalBytes, bytesPerSecond } = download;
  const percent =
    totalBytes === null || totalBytes === 0 ? 0 : Math.floor((receivedBytes / totalBytes) * 100);
  const running = state === 'running' || state === 'waiting' || state === 'checking';

  async function stop() {
    try {
      await rpc.call('admin.models.cancelDownload', { downloadId: download.downloadId });
    } catch (error) {
      toastFault(error);
    }
    await refreshModels();
  }

  const figures = [
    t('progress', {
      received: formatBytes(receivedBytes, language),
      total: totalBytes === null ? '–' : formatBytes(totalBytes, language),
    }),
    ...(bytesPerSecond === null || !running
      ? []
      : [t('perSecond', { bytes: formatBytes(bytesPerSecond, language) })]),
    ...(state === 'running' ? [] : [t(`downloadStates.${state}`)]),
    ...(download.problem === null ? [] : [download.problem]),
  ];
  return (
    <div className="download-line">
      <strong className="model-name">{download.modelId}</strong>
      <span
        className="meter"
        role="progressbar"
        aria-label={download.modelId}
        aria-valuenow={percent}
        aria-valuemin={0}
        aria-valuemax={100}
      >
        <i style={{ width: `${percent}%` }} />
      </span>
      <span className="figures">{figures.join(' · ')}</span>
      {running && (
        <button type="button" className="button small ghost" onClick={() => void stop()}>
          {t('stop')}
        </button>
      )}
    </div>
  );
}
