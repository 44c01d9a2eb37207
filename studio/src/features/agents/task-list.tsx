import { Link } from '@tanstack/react-router';
import { Bot, Plus } from 'lucide-react';
import { useId, useState } from 'react';
import { useLanguage, useText } from '../../i18n/language.ts';
import { formatTime } from '../../ui/format.ts';
import { agentIcons } from './agent-names.ts';
import { openStates, type Task } from './agent-queries.ts';
import { partsOfTask } from './draft.ts';
import { stateOf, TaskMark } from './task-mark.tsx';

const filters = ['all', 'open', 'undecided'] as const;
type Filter = (typeof filters)[number];

function fits(task: Task, filter: Filter): boolean {
  if (filter === 'open') return openStates.has(task.status);
  return filter === 'all' || task.changeState === 'proposed' || task.status === 'waiting_for_input';
}

/** Every task of the project, newest first, with state, agent and time; each has an address of its own. */
export function TaskList({
  projectId,
  tasks,
  current,
}: {
  projectId: string;
  tasks: readonly Task[];
  current: string | undefined;
}) {
  const t = useText('agents');
  const language = useLanguage();
  const stateId = useId();
  const [filter, setFilter] = useState<Filter>('all');
  const [query, setQuery] = useState('');
  const wanted = query.trim().toLowerCase();
  const shown = tasks.filter(
    (task) =>
      fits(task, filter) &&
      (wanted === '' || `${task.task} ${task.agent} ${task.model}`.toLowerCase().includes(wanted)),
  );
  return (
    <aside className="page-side task-list" aria-label={t('tasks')} data-region="sidebar">
      <header className="region-head">
        <h2>{t('tasks')}</h2>
        <Link
          to="/p/$projectId/agents"
          params={{ projectId }}
          className="icon-button small"
          aria-label={t('newTask')}
          title={t('newTask')}
        >
          <Plus size={16} />
        </Link>
      </header>
      <div className="task-filter">
        <input
          className="input small"
          type="search"
          aria-label={t('filter')}
          placeholder={t('filter')}
          value={query}
          onChange={({ target }) => setQuery(target.value)}
        />
        <label htmlFor={stateId} className="visually-hidden">
          {t('filterState')}
        </label>
        <select
          id={stateId}
          className="input small"
          value={filter}
          onChange={({ target }) => setFilter(target.value as Filter)}
        >
          {filters.map((name) => (
            <option key={name} value={name}>
              {t(name)}
            </option>
          ))}
        </select>
      </div>
      <nav className="side-nav" aria-label={t('tasks')}>
        {tasks.length === 0 && (
          <div className="empty">
            <Bot size={24} />
            <strong>{t('noTasks')}</strong>
            <span>{t('noTasksText')}</span>
          </div>
        )}
        {tasks.length > 0 && shown.length === 0 && <p className="agent-note">{t('noMatch')}</p>}
        {shown.map((task) => {
          const Icon = agentIcons[task.agent];
          return (
            <Link
              key={task.taskId}
              to="/p/$projectId/agents/$taskId"
              params={{ projectId, taskId: task.taskId }}
              className="side-link two-lines"
              {...(task.taskId === current ? { 'aria-current': 'page' as const } : {})}
            >
              <Icon size={16} />
              <span className="grow task-name">
                <strong className="clip">{partsOfTask(task.task).text}</strong>
                <span className="text-muted clip">
                  {stateOf(task, t)} · {formatTime(task.createdAt, language)}
                </span>
              </span>
              <TaskMark task={task} />
            </Link>
          );
        })}
      </nav>
    </aside>
  );
}
