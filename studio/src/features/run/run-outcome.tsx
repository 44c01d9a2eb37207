import { Bug, CircleCheck, CircleX, OctagonAlert, OctagonX, RotateCw, Square } from 'lucide-react';
import type { ReactNode } from 'react';
import { useLanguage, useText } from '../../i18n/language.ts';
import { formatBytes, formatDuration } from '../../ui/format.ts';
import { PanelError } from '../../ui/panel-boundary.tsx';
import { type MoreLimits, moreLimits } from './more-limits.ts';
import { RunMeters } from './run-meters.tsx';
import { RunOutput } from './run-output.tsx';
import type { Limits, RunResult, RunState } from './use-run.ts';

interface OutcomeProps {
  readonly state: RunState;
  readonly maxima: Limits | undefined;
  readonly onMore: (more: MoreLimits) => void;
  readonly onRetry: () => void;
  readonly onInput: (data: string, end: boolean) => Promise<void>;
  /** Undefined where an agent can't help: nothing failed, or the user may not give tasks. */
  readonly onDebug: (() => void) | undefined;
}

/** How a run goes and how it ended: the words for it, meters and output. */
export function RunOutcome({ state, maxima, onMore, onRetry, onInput, onDebug }: OutcomeProps) {
  const t = useText('run');
  const agents = useText('agents');
  const { result } = state;
  const limit = result?.killedBy ?? null;
  const ending =
    result === undefined || limit === null ? undefined : t('endingLine', { reason: t(`ended.${limit}`) });
  return (
    <section className="card run-outcome" aria-label={t('result')}>
      <div aria-live="polite">
        {state.status === 'failed' ? (
          <PanelError error={state.error} retry={onRetry} />
        ) : result === undefined ? (
          <Verdict tone="running" icon={<span className="dot running tone-you" />} title={t('running')} />
        ) : (
          <Ended result={result} maxima={maxima} onMore={onMore} />
        )}
        {onDebug !== undefined && result !== undefined && failed(result) && (
          <div className="run-debug">
            <button type="button" className="button" onClick={onDebug}>
              <Bug size={14} className="tone-agent" /> {agents('debugRun')}
            </button>
          </div>
        )}
      </div>
      <div className="run-columns">
        <RunMeters state={state} />
        <RunOutput
          output={state.output}
          running={state.status === 'running' || state.status === 'starting'}
          ending={ending}
          onInput={state.status === 'running' && state.inputOpen === true ? onInput : undefined}
        />
      </div>
    </section>
  );
}

/** The program itself went wrong; a limit or its user did not end it. */
function failed({ exitCode, killedBy, signal }: RunResult): boolean {
  return killedBy === null && (signal !== null || exitCode !== 0);
}

interface VerdictProps {
  readonly tone: 'good' | 'warning' | 'bad' | 'quiet' | 'running';
  readonly icon: ReactNode;
  readonly title: string;
  readonly text?: string;
  readonly children?: ReactNode;
}

function Verdict({ tone, icon, title, text, children }: VerdictProps) {
  return (
    <header className={`run-verdict ${tone}`}>
      <span className="run-verdict-icon">{icon}</span>
      <div className="grow">
        <h2>{title}</h2>
        {text !== undefined && <p>{text}</p>}
      </div>
      {children}
    </header>
  );
}

function Ended({ result, maxima, onMore }: { result: RunResult } & Pick<OutcomeProps, 'maxima' | 'onMore'>) {
  const t = useText('run');
  const language = useLanguage();
  const { killedBy, exitCode } = result;
  const time = formatDuration(result.durationMs, language);
  const cut = result.truncated ? { text: t('truncated') } : {};
  if (killedBy === 'user') {
    return (
      <Verdict
        tone="quiet"
        icon={<Square size={20} className="text-muted" />}
        title={t('ended.user')}
        {...cut}
      />
    );
  }
  if (killedBy !== null) {
    const more = moreLimits(result, maxima);
    return (
      <Verdict
        tone="bad"
        icon={<OctagonAlert size={20} className="tone-danger" />}
        title={t(`ended.${killedBy}`)}
        text={`${t(`endedText.${killedBy}`, { amount: amountOf(result, language), time })} ${t(result.limits.fuel === null ? 'endedSafe' : 'endedSafeWasm')}`}
      >
        {more !== undefined && (
          <button type="button" className="button" onClick={() => onMore(more)}>
            <RotateCw size={14} /> {t('runWith', { amount: amountText(more, language) })}
          </button>
        )}
      </Verdict>
    );
  }
  if (exitCode === 0) {
    return (
      <Verdict
        tone="good"
        icon={<CircleCheck size={20} className="tone-success" />}
        title={t('finished', { time })}
        {...cut}
      />
    );
  }
  const title =
    result.signal === null
      ? t('exited', { code: exitCode ?? '–' })
      : t('signalled', { signal: result.signal });
  return (
    <Verdict
      tone="warning"
      icon={
        result.signal === null ? (
          <CircleX size={20} className="tone-warning" />
        ) : (
          <OctagonX size={20} className="tone-warning" />
        )
      }
      title={title}
      text={result.truncated ? t('truncated') : t('exitedText', { time })}
    />
  );
}

function fuelText(units: number, language: 'en' | 'de'): string {
  return units.toLocaleString(language, { notation: 'compact', maximumFractionDigits: 1 });
}

function amountText(more: MoreLimits, language: 'en' | 'de'): string {
  if (more.name === 'time' || more.name === 'cpu') return formatDuration(more.amount, language);
  if (more.name === 'processes') return String(more.amount);
  if (more.name === 'fuel') return fuelText(more.amount, language);
  return formatBytes(more.amount, language);
}

/** The limit that ended a run, with its unit. */
function amountOf({ killedBy, limits }: RunResult, language: 'en' | 'de'): string {
  switch (killedBy) {
    case 'memory':
      return formatBytes(limits.memoryBytes, language);
    case 'time':
      return formatDuration(limits.timeMs, language);
    case 'output':
      return formatBytes(limits.outputBytes, language);
    case 'processes':
      return String(limits.processes ?? '–');
    case 'disk':
      return formatBytes(limits.diskBytes ?? 0, language);
    case 'fuel':
      return fuelText(limits.fuel ?? 0, language);
    case 'cpu':
      return formatDuration(limits.cpuMs ?? 0, language);
    default:
      return '';
  }
}
