import { Menu } from '@base-ui/react/menu';
import type { ReactNode } from 'react';
import { useLanguage, useText } from '../../i18n/language.ts';
import { formatTime } from '../../ui/format.ts';
import type { Task } from './agent-queries.ts';
import { partsOfTask } from './draft.ts';
import { TaskMark } from './task-mark.tsx';

interface MenuProps {
  readonly tasks: readonly Task[];
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
  readonly current: string | undefined;
  readonly onTask: (taskId: string) => void;
  readonly children: ReactNode;
}

const shown = 30;

/** The tasks of the project, from the head of the panel. */
export function TaskMenu({ tasks, open, onOpenChange, current, onTask, children }: MenuProps) {
  const t = useText('agents');
  const language = useLanguage();
  return (
    <Menu.Root open={open} onOpenChange={onOpenChange}>
      <Menu.Trigger className="icon-button" aria-label={t('showTasks')} title={t('showTasks')}>
        {children}
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner sideOffset={4} align="end" className="menu-layer">
          <Menu.Popup className="menu task-menu">
            {tasks.length === 0 && <p className="menu-title">{t('noTasks')}</p>}
            {tasks.slice(0, shown).map((task) => (
              <Menu.Item
                key={task.taskId}
                className="menu-item"
                aria-current={task.taskId === current}
                onClick={() => onTask(task.taskId)}
              >
                <TaskMark task={task} />
                <span className="clip grow">{partsOfTask(task.task).text}</span>
                <span className="text-muted">{formatTime(task.createdAt, language)}</span>
              </Menu.Item>
            ))}
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}
