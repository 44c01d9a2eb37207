import { useQuery } from '@tanstack/react-query';
import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { Bot, Link2 } from 'lucide-react';
import { type AgentsSearch, parseAgentsSearch } from '../../app/agents-search.ts';
import { projectQuery } from '../../app/queries.ts';
import { useText } from '../../i18n/language.ts';
import { usePhone } from '../../ui/media.ts';
import { PanelBoundary } from '../../ui/panel-boundary.tsx';
import { SkeletonLines } from '../../ui/skeleton.tsx';
import { toast } from '../../ui/toasts.tsx';
import { agentIcons, agentNames } from './agent-names.ts';
import { AgentPanel } from './agent-panel.tsx';
import { type Task, taskQuery, tasksQuery } from './agent-queries.ts';
import { changeDraft, composerRequests } from './draft.ts';
import { useFollowed } from './follow-task.ts';
import { Review } from './review.tsx';
import { TaskList } from './task-list.tsx';
import { TaskSteps } from './task-steps.tsx';

/** Tasks on the left, their changes and steps in the middle, the conversation on the right; one of them on a phone. */
export function AgentsView() {
  const t = useText('agents');
  const { projectId, taskId } = useParams({ strict: false });
  const search = parseAgentsSearch(useSearch({ strict: false }));
  const navigate = useNavigate();
  const phone = usePhone();
  const tasks = useQuery(tasksQuery(projectId ?? '')).data ?? [];
  const project = useQuery(projectQuery(projectId ?? '')).data;
  if (projectId === undefined) return null;
  const editable = project !== undefined && project.project.role !== 'viewer';
  const go = (next: string | undefined, wanted: AgentsSearch = {}) =>
    void (next === undefined
      ? navigate({ to: '/p/$projectId/agents', params: { projectId }, search: wanted })
      : navigate({
          to: '/p/$projectId/agents/$taskId',
          params: { projectId, taskId: next },
          search: wanted,
        }));
  const shown = phone ? (search.view ?? 'talk') : 'all';
  return (
    <div className="agents-view">
      {phone && (
        <PhoneTabs
          view={search.view ?? 'talk'}
          hasTask={taskId !== undefined}
          onView={(view) => go(taskId, { view })}
        />
      )}
      {(shown === 'all' || shown === 'tasks') && (
        <TaskList projectId={projectId} tasks={tasks} current={taskId} />
      )}
      {(shown === 'all' || shown === 'changes' || shown === 'steps') && (
        <div className="agents-work" data-region="content">
          <PanelBoundary key={taskId}>
            {taskId === undefined ? (
              <Choose projectId={projectId} />
            ) : (
              <TaskWork
                projectId={projectId}
                taskId={taskId}
                tasks={tasks}
                editable={editable}
                search={search}
                onSearch={(wanted) => go(taskId, wanted)}
              />
            )}
          </PanelBoundary>
        </div>
      )}
      {(shown === 'all' || shown === 'talk') && (
        <aside className="agents-side" aria-label={t('panel')} data-region="agents">
          <PanelBoundary>
            <AgentPanel
              projectId={projectId}
              taskId={taskId}
              editable={editable}
              onTask={(next) => go(next)}
              onReview={(task, path) =>
                go(task, { view: 'changes', ...(path === undefined ? {} : { file: path }) })
              }
            />
          </PanelBoundary>
        </aside>
      )}
    </div>
  );
}

const phoneViews = ['talk', 'changes', 'steps', 'tasks'] as const;

function PhoneTabs(props: {
  readonly view: (typeof phoneViews)[number];
  readonly hasTask: boolean;
  readonly onView: (view: (typeof phoneViews)[number]) => void;
}) {
  const t = useText('agents');
  const label = {
    talk: t('tabs.talk'),
    changes: t('tabs.changes'),
    steps: t('tabs.steps'),
    tasks: t('tasks'),
  };
  return (
    <nav className="agents-tabs" aria-label={t('title')}>
      {phoneViews
        .filter((view) => props.hasTask || view === 'talk' || view === 'tasks')
        .map((view) => (
          <button
            key={view}
            type="button"
            {...(view === props.view ? { 'aria-current': 'page' as const } : {})}
            onClick={() => props.onView(view)}
          >
            {label[view]}
          </button>
        ))}
    </nav>
  );
}

interface WorkProps {
  readonly projectId: string;
  readonly taskId: string;
  readonly tasks: readonly Task[];
  readonly editable: boolean;
  readonly search: AgentsSearch;
  readonly onSearch: (search: AgentsSearch) => void;
}

/** What a task changes, or everything that it did. */
function TaskWork({ projectId, taskId, tasks, editable, search, onSearch }: WorkProps) {
  const t = useText('agents');
  const phone = usePhone();
  const task = useQuery(taskQuery(taskId)).data;
  const followed = useFollowed(projectId, taskId);
  // The panel beside it tells what went wrong.
  if (task === undefined) return <SkeletonLines />;
  const chosen = search.view === 'steps' || search.view === 'changes' ? search.view : undefined;
  const view = chosen ?? (task.changeSet.length > 0 ? 'changes' : 'steps');
  return (
    <>
      {!phone && (
        <div className="agents-work-head">
          <div className="tab-strip" role="tablist" aria-label={t('showWork')}>
            {(['changes', 'steps'] as const).map((name) => (
              <button
                key={name}
                type="button"
                role="tab"
                aria-selected={name === view}
                onClick={() => onSearch({ ...search, view: name })}
              >
                {t(`tabs.${name}`)}
                <span className="count">
                  {name === 'changes' ? task.changeSet.length : followed.steps.length}
                </span>
              </button>
            ))}
          </div>
          <span className="grow" />
          <button
            type="button"
            className="icon-button"
            aria-label={t('copyTask')}
            title={t('copyTask')}
            onClick={() =>
              void navigator.clipboard
                .writeText(location.href)
                .then(() => toast({ title: t('linkCopied'), tone: 'good' }))
            }
          >
            <Link2 size={16} />
          </button>
        </div>
      )}
      {view === 'changes' ? (
        <Review
          task={task}
          steps={followed.steps}
          editable={editable}
          file={search.file}
          onFile={(file) => onSearch({ view: 'changes', file })}
        />
      ) : (
        <TaskSteps task={task} tasks={tasks} followed={followed} />
      )}
    </>
  );
}

/** The six agents with what each stands for, while no task is chosen. */
function Choose({ projectId }: { projectId: string }) {
  const t = useText('agents');
  return (
    <div className="agents-choose">
      <Bot size={24} className="tone-agent" />
      <h1>{t('emptyTitle')}</h1>
      <p className="text-second">{t('emptyText')}</p>
      <div className="agents-cards">
        {agentNames.map((agent) => {
          const Icon = agentIcons[agent];
          return (
            <button
              key={agent}
              type="button"
              className="option-card"
              onClick={() => {
                changeDraft(projectId, { agent });
                composerRequests.set((count) => count + 1);
              }}
            >
              <span className="agent-mark big">
                <Icon size={17} />
              </span>
              <span>
                <strong>{t(`full.${agent}`)}</strong>
                <small>{t(`does.${agent}`)}</small>
              </span>
            </button>
          );
        })}
      </div>
    </div>
  );
}
