import {
  Check,
  CircleAlert,
  CircleDashed,
  FileDiff,
  MessageCircleQuestion,
  Square,
  Undo2,
} from 'lucide-react';
import type { ReactElement } from 'react';
import { type Translate, useText } from '../../i18n/language.ts';
import type { Task } from './agent-queries.ts';

/** State of a task in words: what became of its change once it is done. */
export function stateOf({ status, changeState }: Task, t: Translate<'agents'>): string {
  return status === 'completed' && changeState !== 'none'
    ? t(`change.${changeState}`)
    : t(`status.${status}`);
}

/** State of a task as a mark; the word stands beside it or in its name. */
export function TaskMark({ task }: { task: Task }) {
  const t = useText('agents');
  return (
    <span className="task-mark" role="img" aria-label={stateOf(task, t)} title={stateOf(task, t)}>
      {markOf(task)}
    </span>
  );
}

function markOf({ status, changeState }: Task): ReactElement {
  switch (status) {
    case 'pending':
      return <CircleDashed size={14} className="text-muted" />;
    case 'running':
      return <i className="dot running tone-agent" />;
    case 'waiting_for_input':
      return <MessageCircleQuestion size={14} className="tone-warning" />;
    case 'failed':
      return <CircleAlert size={14} className="tone-danger" />;
    case 'cancelled':
      return <Square size={12} className="text-muted" />;
    case 'completed':
      if (changeState === 'proposed') return <FileDiff size={14} className="tone-agent" />;
      if (changeState === 'rolled_back' || changeState === 'rejected')
        return <Undo2 size={14} className="text-muted" />;
      return <Check size={14} className="tone-success" />;
  }
}
