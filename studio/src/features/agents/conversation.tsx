import { CircleAlert, FileCode, RotateCw, Search, TextSelect, TrendingUp } from 'lucide-react';
import { useMemo, useRef } from 'react';
import type { agents } from '../../i18n/en/agents.ts';
import { type TextKey, useLanguage, useText } from '../../i18n/language.ts';
import { formatTime } from '../../ui/format.ts';
import { Markdown } from '../../ui/markdown/markdown.tsx';
import { useFollowEnd } from '../../ui/use-follow-end.ts';
import { agentIcons } from './agent-names.ts';
import type { TaskDetail } from './agent-queries.ts';
import { ChangeCard } from './change-card.tsx';
import { partsOfTask, prepareTask } from './draft.ts';
import { Findings } from './findings.tsx';
import type { Followed } from './follow-task.ts';
import { Now } from './now.tsx';
import { reasonText } from './reasons.ts';
import { type Escalated, type Part, partsOf } from './step-lines.ts';
import { StepList } from './step-list.tsx';

interface ConversationProps {
  readonly task: TaskDetail;
  readonly followed: Followed;
  readonly editable: boolean;
  readonly onReview: (path?: string) => void;
}

/** A task as a conversation: what was asked, what the agent does, what it says, and its change. */
export function Conversation({ task, followed, editable, onReview }: ConversationProps) {
  const t = useText('agents');
  const language = useLanguage();
  const parts = useMemo(() => partsOf(followed.steps), [followed.steps]);
  const log = useRef<HTMLDivElement>(null);
  const onScroll = useFollowEnd(log);
  const running = task.status === 'running';
  const Icon = agentIcons[task.agent];

  return (
    <div
      className="talk"
      role="log"
      aria-label={t('conversation')}
      aria-live="off"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls is reached by keyboard
      tabIndex={0}
      ref={log}
      onScroll={onScroll}
    >
      <Asked task={task} />
      <div className="say">
        <div className="who">
          <span className="agent-mark">
            <Icon size={14} />
          </span>
          {t(`full.${task.agent}`)}
          <time className="text-muted" dateTime={task.startedAt ?? task.createdAt}>
            {formatTime(task.startedAt ?? task.createdAt, language)}
          </time>
        </div>
        {parts.map((part, index) => {
          if (part.kind === 'lines') return <StepList key={part.key} lines={part.lines} />;
          if (part.kind === 'escalated') return <EscalatedNote key={part.key} escalated={part} />;
          if (part.kind === 'reply')
            return (
              <p key={part.key} className="me">
                {part.text}
              </p>
            );
          // The open question stands above the composer until it is answered.
          if (part.kind === 'question' && task.status === 'waiting_for_input' && index === parts.length - 1)
            return null;
          return <Markdown key={part.key} text={part.text} />;
        })}
        {running && (
          <Now projectId={task.projectId} taskId={task.taskId} joined={parts.at(-1)?.kind === 'lines'} />
        )}
      </div>
      {task.status === 'failed' && task.problem !== null && <Problem task={task} editable={editable} />}
      {task.agent === 'security' && task.status === 'completed' && (
        <Findings projectId={task.projectId} findings={task.findings} />
      )}
      <ChangeCard task={task} editable={editable} onReview={onReview} />
      <p className="visually-hidden" aria-live="polite">
        {task.status === 'completed' ? `${t('status.completed')}. ${task.summary ?? ''}` : lastWords(parts)}
      </p>
    </div>
  );
}

type WhyKey = keyof (typeof agents)['escalatedWhy'];
const whyNames: ReadonlySet<string> = new Set([
  'stuck',
  'answer_invalid',
  'check_failed',
  'context_too_small',
]);

/** Another model goes on: which, and why. */
function EscalatedNote({ escalated: { from, to, code, reason } }: { escalated: Escalated }) {
  const t = useText('agents');
  const told = reasonText(reason, useLanguage());
  const name = code === 'llm.context_length_exceeded' ? 'context_too_small' : code.replace(/^agents\./, '');
  const why = t(`escalatedWhy.${whyNames.has(name) ? (name as WhyKey) : 'other'}`, { from });
  return (
    <p className="talk-note">
      <TrendingUp size={14} className="tone-agent" />
      <span>
        {t('escalated', { to, why })}
        {told === '' ? '.' : ` (${told}).`}
      </span>
    </p>
  );
}

/** What the agent said last: told once it is whole, not piece by piece. */
function lastWords(parts: readonly Part[]): string {
  const last = parts.findLast(({ kind }) => kind === 'words');
  return last?.kind === 'words' ? last.text : '';
}

function Asked({ task }: { task: TaskDetail }) {
  const t = useText('agents');
  const { text, added } = partsOfTask(task.task);
  return (
    <div className="me">
      <span className="me-text">{text}</span>
      {(task.files.length > 0 || added.length > 0 || task.command !== null) && (
        <div className="chips">
          {task.files.map((path) => (
            <span key={path} className="chip" title={path}>
              <FileCode size={13} />
              {path.slice(path.lastIndexOf('/') + 1)}
            </span>
          ))}
          {added.map((name) => (
            <span key={name} className="chip">
              {/^\d+-\d+ of /.test(name) ? <TextSelect size={13} /> : <Search size={13} />}
              <span className="clip">{name.replace(/^(\d+-\d+) of .*$/, '$1')}</span>
            </span>
          ))}
          {task.command !== null && (
            <code className="chip" title={t('command')}>
              {[task.command.command, ...task.command.args].join(' ')}
            </code>
          )}
        </div>
      )}
    </div>
  );
}

type ProblemKey = Extract<TextKey<typeof agents>, `problems.${string}`>;
const problemNames: ReadonlySet<string> = new Set([
  'check_failed',
  'answer_invalid',
  'stuck',
  'budget_tokens',
  'budget_time',
  'budget_cost',
  'interrupted',
  'dependency_failed',
  'project_too_large',
]);

function Problem({ task, editable }: { task: TaskDetail; editable: boolean }) {
  const t = useText('agents');
  const code = task.problem?.code ?? '';
  const name = code.replace(/^agents\./, '');
  const key: ProblemKey = problemNames.has(name) ? (`problems.${name}` as ProblemKey) : 'problems.other';
  const language = useLanguage();
  const values = Object.entries(task.problem?.data ?? {}).map(
    ([label, value]) => [label, reasonText(value, language) || String(value)] as const,
  );
  return (
    <div className="task-problem" role="alert">
      <CircleAlert size={16} className="tone-danger" />
      <div className="grow">
        <p>{t(key, { code, ...Object.fromEntries(values) })}</p>
        <div className="row">
          <code className="text-muted grow">{code}</code>
          {editable && (
            <button
              type="button"
              className="button small"
              onClick={() =>
                prepareTask(task.projectId, { agent: task.agent, text: partsOfTask(task.task).text })
              }
            >
              <RotateCw size={14} /> {t('tryAgain')}
            </button>
          )}
        </div>
      </div>
    </div>
  );
}
