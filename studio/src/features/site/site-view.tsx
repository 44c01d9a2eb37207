import './site.css';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { Globe, Hammer, Rocket } from 'lucide-react';
import { useMemo } from 'react';
import { projectQuery } from '../../app/queries.ts';
import { useLanguage, useText } from '../../i18n/language.ts';
import { formatBytes } from '../../ui/format.ts';
import { PanelError } from '../../ui/panel-boundary.tsx';
import { SkeletonLines } from '../../ui/skeleton.tsx';
import { useStore } from '../../ui/store.ts';
import { toast } from '../../ui/toasts.tsx';
import { SiteDiff } from './site-diff.tsx';
import { SitePreview } from './site-preview.tsx';
import { SiteReportView } from './site-report.tsx';
import { SiteSidebar } from './site-sidebar.tsx';
import { linesOf, type SiteState, siteQuery, siteRunnerOf } from './use-site.ts';

export function SiteView() {
  const { projectId } = useParams({ from: '/shell/p/$projectId/site' });
  return <SitePage key={projectId} projectId={projectId} />;
}

function SitePage({ projectId }: { projectId: string }) {
  const t = useText('site');
  const state = useQuery(siteQuery(projectId));
  const project = useQuery(projectQuery(projectId)).data;
  const editable = project !== undefined && project.project.role !== 'viewer';
  const runner = useMemo(() => siteRunnerOf(projectId), [projectId]);
  const run = useStore(runner.state);

  if (state.data === undefined) {
    if (state.error === null) return <SkeletonLines />;
    return <PanelError error={state.error} retry={() => void state.refetch()} />;
  }
  const { built, report, releases } = state.data;
  const live = releases.find((release) => release.live);
  const isBusy = run.doing !== 'nothing' || state.data.running;
  const canDeploy = built !== null && built.id !== live?.id;

  async function deploy() {
    const told = await runner.start('deploy');
    if (told?.outcome === 'done') toast({ title: t('deployed') });
  }

  return (
    <div className="page">
      <SiteSidebar projectId={projectId} state={state.data} editable={editable && !isBusy} />
      <div className="page-content" data-region="content">
        <div className="page-head">
          <div className="grow">
            <h1 className="clip">{t('title')}</h1>
            <p>{t('lead')}</p>
          </div>
          {editable && (
            <>
              <button
                type="button"
                className={canDeploy ? 'button' : 'button primary'}
                disabled={isBusy}
                onClick={() => void runner.start('build')}
              >
                <Hammer size={14} /> {run.doing === 'build' ? t('building') : t('build')}
              </button>
              <button
                type="button"
                className={canDeploy ? 'button primary' : 'button'}
                disabled={isBusy || !canDeploy}
                onClick={() => void deploy()}
              >
                <Rocket size={14} /> {run.doing === 'deploy' ? t('deploying') : t('deploy')}
              </button>
            </>
          )}
        </div>
        {run.error !== undefined && <PanelError error={run.error} />}
        {built === null && run.lines.length === 0 && report === null ? (
          <div className="card empty">
            <Globe size={24} />
            <strong>{t('notBuilt')}</strong>
            <span>{t('notBuiltText')}</span>
          </div>
        ) : (
          <>
            {built !== null && <BuiltCard built={built} isLive={built.id === live?.id} />}
            <SiteReportView
              lines={run.doing === 'nothing' && report !== null ? linesOf(report) : run.lines}
              faults={run.doing === 'nothing' ? (report?.faults ?? []) : []}
            />
            {built !== null && (
              <SitePreview projectId={projectId} built={built.contentHash} live={live?.id} />
            )}
            <SiteDiff projectId={projectId} releases={releases} />
          </>
        )}
      </div>
    </div>
  );
}

function BuiltCard({ built, isLive }: { built: NonNullable<SiteState['built']>; isLive: boolean }) {
  const t = useText('site');
  const language = useLanguage();
  return (
    <section className="card site-built" aria-label={t('current')}>
      <div className="grow">
        <strong className="clip">{built.label}</strong>
        <span className="text-second">
          {t('files', { count: built.files })} · {formatBytes(built.bytes, language)} ·{' '}
          {isLive ? t('isLive') : t('notLive')}
        </span>
      </div>
      <code className="text-muted">{built.contentHash.slice(0, 12)}</code>
      {isLive && <span className="chip success">{t('live')}</span>}
    </section>
  );
}
