import { Square } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useLanguage, useText } from '../../i18n/language.ts';
import { type Step, type Task, tokensOf } from './agent-queries.ts';
import { stopTask } from './task-actions.ts';

interface BarProps {
  readonly task: Task;
  readonly steps: readonly Step[];
  /** Tasks that begin before this one. */
  readonly ahead: number;
  readonly editable: boolean;
}

/** What a task that is open uses of its limits, and the way to end it. */
export function RunBar({ task, steps, ahead, editable }: BarProps) {
  const t = useText('agents');
  const [stopping, setStopping] = useState(false);
  const name = t(`full.${task.agent}`);
  return (
    <div className="runbar">
      <div className="row">
        <i className={task.status === 'running' ? 'dot running tone-agent' : 'dot text-muted'} />
        <span className="grow clip runbar-name" role="status">
          {task.status === 'running'
            ? t('working', { name })
            : task.status === 'pending'
              ? ahead > 0
                ? t('queuePlace', { count: ahead })
                : t('queued', { name })
              : t('status.waiting_for_input')}
        </span>
        {editable && (
          <button
            type="button"
            className="button small danger"
            aria-busy={stopping}
            onClick={() => {
              setStopping(true);
              void stopTask(task).finally(() => setStopping(false));
            }}
          >
            <Square size={12} /> {stopping ? t('stopping') : t('stop')} <kbd className="kbd">Esc</kbd>
          </button>
        )}
      </div>
      <Gauges task={task} steps={steps} />
    </div>
  );
}

/** Tokens, time and cost against the limits; used for tasks that have ended, too. */
export function Gauges({ task, steps }: { task: Task; steps: readonly Step[] }) {
  const t = useText('agents');
  const language = useLanguage();
  const now = useSeconds(task.status === 'running');
  const usage = usageOf(task, steps);
  const tokens = tokensOf(usage);
  const startedAt = lastStart(steps) ?? task.startedAt;
  const running = task.status === 'running' && startedAt !== null;
  const seconds =
    Math.max(0, task.secondsUsed) + (running ? Math.max(0, (now - Date.parse(startedAt)) / 1_000) : 0);
  const cost = costOf(usage, language);
  const moneyLimit = task.budget.cost;
  const compact = (value: number) =>
    value.toLocaleString(language, { notation: 'compact', maximumFractionDigits: 1 });
  return (
    <div className="gauges">
      <Gauge
        label={t('tokens')}
        value={t('of', { used: compact(tokens), limit: compact(task.budget.tokens) })}
        part={tokens / task.budget.tokens}
      />
      <Gauge
        label={t('time')}
        value={t('of', { used: clock(seconds), limit: clock(task.budget.seconds) })}
        part={seconds / task.budget.seconds}
      />
      <Gauge
        label={t('cost')}
        value={
          moneyLimit === null
            ? cost
            : t('of', { used: cost, limit: (moneyLimit / 1_000_000).toLocaleString(language) })
        }
        part={moneyLimit === null ? 0 : (Number(usage.cost) * 1_000_000) / Math.max(1, moneyLimit)}
      />
    </div>
  );
}

function Gauge({ label, value, part }: { label: string; value: string; part: number }) {
  const tone = part >= 1 ? 'full' : part >= 0.8 ? 'high' : 'agent';
  return (
    <div>
      <span className="row">
        {label}
        <b>{value}</b>
      </span>
      <span className={`meter ${tone}`}>
        <i style={{ width: `${Math.min(100, part * 100)}%` }} />
      </span>
    </div>
  );
}

/** Each answer of the model tells what was used until then: fresher than the task that was read before it. */
function usageOf(task: Task, steps: readonly Step[]): Task['usage'] {
  const told = steps.findLast(({ kind, data }) => kind === 'model' && typeof data.usage === 'object');
  const usage = told?.data.usage as Task['usage'] | undefined;
  return usage !== undefined && usage.calls >= task.usage.calls ? usage : task.usage;
}

function lastStart(steps: readonly Step[]): string | undefined {
  return steps.findLast(({ kind }) => kind === 'started')?.at;
}

function clock(seconds: number): string {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

/** An exact decimal of the installation's currency, never through a float; "–" where nothing tells it. */
function costOf(usage: Task['usage'], language: string): string {
  const cost = 'cost' in usage ? String(usage.cost) : '';
  if (!/^\d+(\.\d+)?$/.test(cost)) return '–';
  const [whole = '0', fraction = ''] = cost.split('.');
  const digits = fraction.padEnd(2, '0').replace(/(\d\d\d*?)0+$/, '$1');
  return `${whole}${language === 'de' ? ',' : '.'}${digits}`;
}

function useSeconds(ticking: boolean): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!ticking) return;
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, [ticking]);
  return now;
}
