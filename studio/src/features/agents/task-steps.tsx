import { Link } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { type Language, useLanguage, useText } from '../../i18n/language.ts';
import { formatDuration, formatInstant } from '../../ui/format.ts';
import { SkeletonLines } from '../../ui/skeleton.tsx';
import type { Step, Task, TaskDetail } from './agent-queries.ts';
import { partsOfTask } from './draft.ts';
import type { Followed } from './follow-task.ts';
import { reasonText } from './reasons.ts';
import { Gauges } from './run-bar.tsx';
import { StepContent } from './step-content.tsx';
import { stateOf } from './task-mark.tsx';

interface StepsProps {
  readonly task: TaskDetail;
  readonly tasks: readonly Task[];
  readonly followed: Followed;
}

/** Everything about a task: how it stands, its limits, and its whole log with prompts, calls, outputs and tokens. */
export function TaskSteps({ task, tasks, followed }: StepsProps) {
  const t = useText('agents');
  const [query, setQuery] = useState('');
  const wanted = query.trim().toLowerCase();
  const { steps } = followed;
  const shown = steps
    .map((step, index) => ({ step, before: steps[index - 1] }))
    .filter(({ step }) => wanted === '' || JSON.stringify(step).toLowerCase().includes(wanted));
  return (
    <div
      className="task-steps"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls is reached by keyboard
      tabIndex={0}
    >
      <Facts task={task} tasks={tasks} />
      <Gauges task={task} steps={steps} />
      <header className="task-steps-head">
        <h2 className="grow">{t('replay')}</h2>
        <input
          className="input small"
          type="search"
          aria-label={t('filterSteps')}
          placeholder={t('filterSteps')}
          value={query}
          onChange={({ target }) => setQuery(target.value)}
        />
      </header>
      {steps.length === 0 && !followed.complete && <SkeletonLines />}
      <ol className="log">
        {shown.map(({ step, before }) => (
          <LogEntry key={step.sequence} step={step} before={before} />
        ))}
      </ol>
    </div>
  );
}

function LogEntry({ step, before }: { step: Step; before: Step | undefined }) {
  const t = useText('agents');
  const language = useLanguage();
  const [open, setOpen] = useState(false);
  const { sequence, at, kind, data } = step;
  const usage = data.usage as Task['usage'] | undefined;
  const known = kind as string as keyof typeof kinds;
  const title = known in kinds ? t(`stepKinds.${known}`) : kind;
  return (
    <li className="log-entry">
      <button type="button" className="log-line" aria-expanded={open} onClick={() => setOpen(!open)}>
        <span className="log-number">{sequence}</span>
        <span className="log-title">{title}</span>
        <span className="clip grow text-second">{summaryOf(step, language)}</span>
        {usage !== undefined && (
          <span className="text-muted">
            {(usage.promptTokens + usage.completionTokens + usage.estimatedTokens).toLocaleString(language)}{' '}
            {t('tokens')}
          </span>
        )}
        <time className="text-muted" dateTime={at} title={formatInstant(at, language)}>
          {before === undefined
            ? formatInstant(at, language)
            : `+${formatDuration(Date.parse(at) - Date.parse(before.at), language)}`}
        </time>
      </button>
      {open && (
        <div className="step-open">
          <StepContent step={step} prompts />
        </div>
      )}
    </li>
  );
}

const kinds = {
  queued: 1,
  started: 1,
  restarted: 1,
  context: 1,
  model: 1,
  tool: 1,
  overlap: 1,
  escalated: 1,
  check: 1,
  retry: 1,
  asked: 1,
  replied: 1,
  completed: 1,
  failed: 1,
  cancelled: 1,
  applied: 1,
  rejected: 1,
  rolled_back: 1,
} as const;

/** One line of what a step says. */
function summaryOf({ data }: Step, language: Language): string {
  const { name, text, question, summary, reason, code, paths, arguments: given, task } = data;
  if (typeof name === 'string') return `${name} ${String(given ?? '').slice(0, 200)}`;
  for (const words of [text, question, summary, reasonText(reason, language) || undefined, code, task])
    if (typeof words === 'string') return words.slice(0, 200);
  return Array.isArray(paths) ? paths.join(', ').slice(0, 200) : '';
}

function Facts({ task, tasks }: { task: TaskDetail; tasks: readonly Task[] }) {
  const t = useText('agents');
  const language = useLanguage();
  const { usage, budget, projectId } = task;
  const count = (value: number) => value.toLocaleString(language);
  const instant = (iso: string | null) => (iso === null ? '–' : formatInstant(iso, language));
  const facts: readonly [label: string, value: ReactNode][] = [
    [t('detail.state'), stateOf(task, t)],
    [t('detail.progress'), `${Math.round(task.progress * 100)} %`],
    [t('agent'), t(`full.${task.agent}`)],
    [t('detail.model'), task.model],
    [t('detail.escalation'), task.escalateTo ?? t('escalationNone')],
    [t('detail.priority'), count(task.priority)],
    [
      t('detail.budget'),
      `${count(budget.tokens)} ${t('tokens')}, ${t('detail.minutes', { count: Math.round(budget.seconds / 60) })}`,
    ],
    [t('detail.calls'), count(usage.calls)],
    [t('detail.tokensIn'), count(usage.promptTokens)],
    [t('detail.tokensOut'), count(usage.completionTokens)],
    ...(usage.estimatedTokens > 0
      ? [[t('detail.estimated'), count(usage.estimatedTokens)] as [string, ReactNode]]
      : []),
    ...(task.command === null
      ? []
      : [
          [
            t('detail.command'),
            <code key="command">{[task.command.command, ...task.command.args].join(' ')}</code>,
          ] as [string, ReactNode],
        ]),
    [t('detail.created'), instant(task.createdAt)],
    [t('detail.started'), instant(task.startedAt)],
    [t('detail.finished'), instant(task.finishedAt)],
  ];
  return (
    <dl className="task-facts">
      {facts.map(([label, value]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
      {task.after.map((taskId) => {
        const other = tasks.find((candidate) => candidate.taskId === taskId);
        return (
          <div key={taskId}>
            <dt>{t('detail.after')}</dt>
            <dd>
              <Link to="/p/$projectId/agents/$taskId" params={{ projectId, taskId }}>
                {other === undefined ? taskId.slice(0, 8) : partsOfTask(other.task).text.slice(0, 60)}
              </Link>
            </dd>
          </div>
        );
      })}
    </dl>
  );
}
