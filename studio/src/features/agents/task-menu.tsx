import { History } from 'lucide-react';
import { useLanguage, useText } from '../../i18n/language.ts';
import { formatTime } from '../../ui/format.ts';
import { MenuButton } from '../../ui/menu.tsx';
import type { MenuEntry } from '../../ui/menu-popup.tsx';
import type { Task } from './agent-queries.ts';
import { partsOfTask } from './draft.ts';
import { TaskMark } from './task-mark.tsx';

interface MenuProps {
  readonly tasks: readonly Task[];
  readonly current: string | undefined;
  readonly onTask: (taskId: string) => void;
}

const shown = 30;

/** The tasks of the project, from the head of the panel. */
export function TaskMenu({ tasks, current, onTask }: MenuProps) {
  const t = useText('agents');
  const language = useLanguage();
  const entries = (): MenuEntry[] =>
    tasks.length === 0
      ? [{ note: <p className="menu-title">{t('noTasks')}</p> }]
      : tasks.slice(0, shown).map((task) => ({
          label: partsOfTask(task.task).text,
          icon: <TaskMark task={task} />,
          aside: formatTime(task.createdAt, language),
          current: task.taskId === current,
          run: () => onTask(task.taskId),
        }));
  return (
    <MenuButton
      className="icon-button"
      label={t('showTasks')}
      title={t('showTasks')}
      align="end"
      popupClassName="task-menu"
      entries={entries}
    >
      <History size={16} />
    </MenuButton>
  );
}
