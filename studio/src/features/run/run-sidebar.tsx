import { useQuery } from '@tanstack/react-query';
import { CircleAlert, CircleCheck, CircleStop, Play, X } from 'lucide-react';
import { queryClient } from '../../app/query-client.ts';
import { useLanguage, useText } from '../../i18n/language.ts';
import { rpc } from '../../rpc/client.ts';
import type { Result } from '../../rpc/contracts.ts';
import { toastFault } from '../../ui/toasts.tsx';
import { joinCommand } from './command-line.ts';
import { runTexts } from './texts.ts';

type Config = Result<'run.config.list'>['configs'][number];
type PastRun = Result<'run.history'>['runs'][number];

/** Saved configurations, and the last runs with what ended each. */
export function RunSidebar(props: {
  projectId: string;
  current: string | undefined;
  onChoose: (config: Config) => void;
}) {
  const t = useText(runTexts);
  const { projectId } = props;
  const configs = useQuery({
    queryKey: ['run.configs', projectId],
    queryFn: () => rpc.call('run.config.list', { projectId }),
  }).data?.configs;
  const runs = useQuery({
    queryKey: ['run.history', projectId],
    queryFn: () => rpc.call('run.history', { projectId }),
  }).data?.runs;

  async function remove(configId: string) {
    await rpc.call('run.config.delete', { projectId, configId }).catch(toastFault);
    await queryClient.invalidateQueries({ queryKey: ['run.configs', projectId] });
  }

  return (
    <aside className="run-sidebar" aria-label={t.configs}>
      <h2>{t.configs}</h2>
      <ul>
        {configs?.map((config) => (
          <li key={config.configId} className="config-row" data-current={config.configId === props.current}>
            <button type="button" onClick={() => props.onChoose(config)}>
              <Play size={14} className="text-muted" />
              <span className="min-w-0">
                <span className="block clip">{config.name}</span>
                <code className="block clip text-muted">{joinCommand([config.command, ...config.args])}</code>
              </span>
            </button>
            <button
              type="button"
              className="icon-button small"
              aria-label={t.remove(config.name)}
              onClick={() => void remove(config.configId)}
            >
              <X size={12} />
            </button>
          </li>
        ))}
      </ul>
      <h2>{t.last}</h2>
      {runs?.length === 0 && <p className="text-muted run-none">{t.noRuns}</p>}
      <ul>
        {runs?.map((run) => (
          <PastRunRow key={run.processId} run={run} />
        ))}
      </ul>
    </aside>
  );
}

function PastRunRow({ run }: { run: PastRun }) {
  const t = useText(runTexts);
  const language = useLanguage();
  const good = run.killedBy === null && run.exitCode === 0;
  const word =
    run.killedBy !== null
      ? t.ended[run.killedBy]
      : good
        ? `${(run.durationMs / 1000).toFixed(1)} s`
        : `exit ${run.exitCode ?? '–'}`;
  return (
    <li className="past-run" title={word}>
      {good ? (
        <CircleCheck size={14} className="text-ok" />
      ) : run.killedBy === 'user' ? (
        <CircleStop size={14} className="text-muted" />
      ) : (
        <CircleAlert size={14} className={run.killedBy === null ? 'text-warn' : 'text-bad'} />
      )}
      <span className="clip">{run.command}</span>
      <span className="text-muted clip flex-1">{word}</span>
      <span className="text-muted numbers">
        {new Date(run.startedAt).toLocaleTimeString(language, { hour: '2-digit', minute: '2-digit' })}
      </span>
    </li>
  );
}
