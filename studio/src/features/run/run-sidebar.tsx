import { useQuery } from '@tanstack/react-query';
import { CircleAlert, CircleCheck, CircleStop, CircleX, Play, Plus, Trash2 } from 'lucide-react';
import { queryClient } from '../../app/query-client.ts';
import { useLanguage, useText } from '../../i18n/language.ts';
import { rpc } from '../../rpc/client.ts';
import type { Result } from '../../rpc/contracts.ts';
import { formatDuration, formatInstant, formatTime } from '../../ui/format.ts';
import { toastFault, toastUndo } from '../../ui/toasts.tsx';
import { joinCommand } from './command-line.ts';

export type RunConfig = Result<'run.config.list'>['configs'][number];
export type PastRun = Result<'run.history'>['runs'][number];

interface SidebarProps {
  readonly projectId: string;
  readonly editable: boolean;
  readonly current: string | undefined;
  readonly onChoose: (config: RunConfig) => void;
  readonly onNew: () => void;
  readonly onPast: (run: PastRun) => void;
}

export const configsKey = (projectId: string) => ['run.configs', projectId];

/** Saved configurations, and the last runs with what ended each. */
export function RunSidebar(props: SidebarProps) {
  const t = useText('run');
  const { projectId, editable } = props;
  const queryKey = configsKey(projectId);
  const configs = useQuery({ queryKey, queryFn: () => rpc.call('run.config.list', { projectId }) }).data
    ?.configs;
  const runs = useQuery({
    queryKey: ['run.history', projectId],
    queryFn: () => rpc.call('run.history', { projectId }),
  }).data?.runs;

  async function remove(config: RunConfig) {
    const { updatedAt: _updatedAt, configId, ...saved } = config;
    try {
      await rpc.call('run.config.delete', { projectId, configId });
      toastUndo(t('configDeleted', { name: config.name }), () => {
        void rpc
          .call('run.config.save', { projectId, ...saved })
          .catch(toastFault)
          .then(() => queryClient.invalidateQueries({ queryKey }));
      });
    } catch (error) {
      toastFault(error);
    }
    await queryClient.invalidateQueries({ queryKey });
  }

  return (
    <aside className="page-side" aria-label={t('configs')} data-region="sidebar">
      <header className="region-head">
        <h2>{t('configs')}</h2>
        {editable && (
          <button
            type="button"
            className="icon-button small"
            aria-label={t('new')}
            title={t('new')}
            onClick={props.onNew}
          >
            <Plus size={16} />
          </button>
        )}
      </header>
      <nav className="side-nav" aria-label={t('configs')}>
        {configs?.length === 0 && <p className="history-note">{t('noConfigs')}</p>}
        {configs?.map((config) => (
          <div key={config.configId} className="config-row">
            <button
              type="button"
              className="side-link two-lines"
              aria-current={config.configId === props.current}
              onClick={() => props.onChoose(config)}
            >
              <Play size={14} />
              <span className="grow">
                <strong className="clip">{config.name}</strong>
                <code className="clip">
                  {config.engine === 'run' ? '' : `${config.engine} · `}
                  {joinCommand([config.command, ...config.args])}
                </code>
              </span>
            </button>
            {editable && (
              <button
                type="button"
                className="icon-button small"
                aria-label={t('deleteConfig', { name: config.name })}
                title={t('deleteConfig', { name: config.name })}
                onClick={() => void remove(config)}
              >
                <Trash2 size={14} />
              </button>
            )}
          </div>
        ))}
        <small>{t('lastRuns')}</small>
        {runs?.length === 0 && <p className="history-note">{t('noRuns')}</p>}
        {runs?.map((run) => (
          <PastRunRow key={run.processId} run={run} configs={configs} onChoose={() => props.onPast(run)} />
        ))}
      </nav>
    </aside>
  );
}

interface PastRunProps {
  readonly run: PastRun;
  readonly configs: readonly RunConfig[] | undefined;
  readonly onChoose: () => void;
}

function PastRunRow({ run, configs, onChoose }: PastRunProps) {
  const t = useText('run');
  const language = useLanguage();
  const line = joinCommand([run.command, ...run.args]);
  const name = configs?.find((config) => config.configId === run.configId)?.name ?? line;
  const [Icon, tone, word] =
    run.killedBy === 'user'
      ? ([CircleStop, 'text-muted', t('short.user')] as const)
      : run.killedBy !== null
        ? ([CircleAlert, 'tone-danger', t(`short.${run.killedBy}`)] as const)
        : run.exitCode === 0
          ? ([CircleCheck, 'tone-success', formatDuration(run.durationMs, language)] as const)
          : ([CircleX, 'tone-warning', t('shortExit', { code: run.exitCode ?? run.signal ?? '–' })] as const);
  return (
    <button
      type="button"
      className="side-link past-run"
      title={`${line}\n${formatInstant(run.startedAt, language)}`}
      onClick={onChoose}
    >
      <Icon size={14} className={tone} />
      <span className="clip">{name}</span>
      <span className="text-muted past-word">{word}</span>
      <span className="count">{formatTime(run.startedAt, language)}</span>
    </button>
  );
}
