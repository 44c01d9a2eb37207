import './agents.css';
import './steps.css';
import './composer.css';
import './tasks.css';
import './agents-phone.css';
import './review.css';
import { useQuery } from '@tanstack/react-query';
import { PanelRightClose, Plus } from 'lucide-react';
import type { KeyboardEvent } from 'react';
import { useText } from '../../i18n/language.ts';
import { PanelError } from '../../ui/panel-boundary.tsx';
import { SkeletonLines } from '../../ui/skeleton.tsx';
import { useStore } from '../../ui/store.ts';
import type { AgentName } from './agent-names.ts';
import { openStates, type Task, taskQuery, tasksQuery } from './agent-queries.ts';
import { Composer } from './composer.tsx';
import { Conversation } from './conversation.tsx';
import { changeDraft, draftOf, partsOfTask } from './draft.ts';
import { useFollowed } from './follow-task.ts';
import { Intro } from './intro.tsx';
import { QuestionBar } from './question-bar.tsx';
import { Roster } from './roster.tsx';
import { RunBar } from './run-bar.tsx';
import { stopTask } from './task-actions.ts';
import { TaskMenu } from './task-menu.tsx';

interface PanelProps {
  readonly projectId: string;
  readonly taskId: string | undefined;
  readonly editable: boolean;
  readonly currentFile?: string | undefined;
  readonly onTask: (taskId: string | undefined) => void;
  readonly onReview: (taskId: string, path?: string) => void;
  readonly onClose?: () => void;
}

/** The agents' panel: who is there, the conversation, what runs, and where the next task is written. */
export function AgentPanel(props: PanelProps) {
  const { projectId, taskId, editable, currentFile, onTask, onReview, onClose } = props;
  const t = useText('agents');
  const tasks = useQuery(tasksQuery(projectId)).data ?? [];
  const draft = useStore(draftOf(projectId));
  const current = tasks.find((task) => task.taskId === taskId);

  function choose(agent: AgentName) {
    changeDraft(projectId, { agent });
    // Whoever picks an agent that works wants to see what it does; otherwise a new task begins.
    const busy = tasks.find((task) => task.agent === agent && openStates.has(task.status));
    if (busy !== undefined) onTask(busy.taskId);
    else if (current !== undefined && current.agent !== agent) onTask(undefined);
  }

  function onKey(event: KeyboardEvent) {
    if (event.key !== 'Escape' || event.defaultPrevented || !editable) return;
    if (current === undefined || !openStates.has(current.status)) return;
    event.preventDefault();
    void stopTask(current);
  }

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape stops the agent from anywhere in its panel
    <div className="agent-panel" onKeyDown={onKey}>
      <Roster tasks={tasks} chosen={current?.agent ?? draft.agent} onChoose={choose} />
      <header className="agent-head">
        <h2 className="clip">{current === undefined ? t('newTask') : partsOfTask(current.task).text}</h2>
        <TaskMenu tasks={tasks} current={taskId} onTask={onTask} />
        <button
          type="button"
          className="icon-button"
          aria-label={t('newTask')}
          title={t('newTask')}
          onClick={() => onTask(undefined)}
        >
          <Plus size={16} />
        </button>
        {onClose !== undefined && (
          <button
            type="button"
            className="icon-button"
            aria-label={t('closePanel')}
            title={t('closePanel')}
            onClick={onClose}
          >
            <PanelRightClose size={16} />
          </button>
        )}
      </header>
      {taskId === undefined ? (
        <Intro agent={draft.agent} />
      ) : (
        <TaskTalk
          key={taskId}
          projectId={projectId}
          taskId={taskId}
          tasks={tasks}
          editable={editable}
          onReview={(path) => onReview(taskId, path)}
        />
      )}
      {editable ? (
        <Composer projectId={projectId} tasks={tasks} currentFile={currentFile} onSent={onTask} />
      ) : (
        <p className="agent-note">{t('readOnly')}</p>
      )}
    </div>
  );
}

interface TalkProps {
  readonly projectId: string;
  readonly taskId: string;
  readonly tasks: readonly Task[];
  readonly editable: boolean;
  readonly onReview: (path?: string) => void;
}

function TaskTalk({ projectId, taskId, tasks, editable, onReview }: TalkProps) {
  const detail = useQuery(taskQuery(taskId));
  const followed = useFollowed(projectId, taskId);
  if (detail.data === undefined) {
    if (detail.error === null) return <SkeletonLines />;
    return <PanelError error={detail.error} retry={() => void detail.refetch()} />;
  }
  const task = detail.data;
  return (
    <>
      <Conversation task={task} followed={followed} editable={editable} onReview={onReview} />
      <div className="dock">
        {task.status === 'waiting_for_input' && editable && <QuestionBar task={task} />}
        {openStates.has(task.status) && (
          <RunBar task={task} steps={followed.steps} ahead={aheadOf(task, tasks)} editable={editable} />
        )}
      </div>
    </>
  );
}

/** How many tasks of this project stand before it in the queue. */
function aheadOf(task: Task, tasks: readonly Task[]): number {
  const before = (other: Task) =>
    other.priority > task.priority || (other.priority === task.priority && other.taskId < task.taskId);
  return tasks.filter((other) => other.status === 'pending' && other.taskId !== task.taskId && before(other))
    .length;
}
