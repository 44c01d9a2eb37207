import { useId } from 'react';
import { useText } from '../../i18n/language.ts';
import { Field } from '../../ui/field.tsx';
import { useStore } from '../../ui/store.ts';
import { openStates, type Task } from './agent-queries.ts';
import { changeDraft, draftOf, isNoAmount, partsOfTask } from './draft.ts';
import { EscalationChoice } from './escalation-choice.tsx';

interface OptionsProps {
  readonly projectId: string;
  readonly tasks: readonly Task[];
  /** False shows the command only, which the debug agent needs. */
  readonly all: boolean;
  readonly commandMissing: boolean;
}

/** What limits a task, checks it, and when it begins. */
export function TaskOptions({ projectId, tasks, all, commandMissing }: OptionsProps) {
  const t = useText('agents');
  const afterId = useId();
  const draft = useStore(draftOf(projectId));
  const number = (value: string, least: number, most: number) =>
    Math.min(most, Math.max(least, Math.round(Number(value)) || least));
  const open = tasks.filter(({ status }) => openStates.has(status));
  return (
    <div className="task-options">
      <Field
        className="wide"
        label={draft.agent === 'debug' ? t('commandDebug') : t('command')}
        hint={t(commandMissing ? 'commandNeeded' : 'commandHint')}
        value={draft.command}
        placeholder="npm test"
        maxLength={2_000}
        spellCheck={false}
        autoComplete="off"
        autoCapitalize="none"
        onChange={({ target }) => changeDraft(projectId, { command: target.value })}
      />
      {all && (
        <>
          <Field
            label={t('priority')}
            title={t('priorityHint')}
            type="number"
            min={0}
            max={9}
            value={draft.priority}
            onChange={({ target }) => changeDraft(projectId, { priority: number(target.value, 0, 9) })}
          />
          <Field
            label={t('tokenLimit')}
            type="number"
            min={1_000}
            step={1_000}
            value={draft.tokens}
            onChange={({ target }) =>
              changeDraft(projectId, { tokens: number(target.value, 100, 50_000_000) })
            }
          />
          <Field
            label={t('minuteLimit')}
            type="number"
            min={1}
            max={1_440}
            value={draft.minutes}
            onChange={({ target }) => changeDraft(projectId, { minutes: number(target.value, 1, 1_440) })}
          />
          <Field
            label={t('moneyLimit')}
            value={draft.money}
            placeholder={t('noLimit')}
            inputMode="decimal"
            maxLength={12}
            autoComplete="off"
            error={isNoAmount(draft.money) ? t('noAmount') : undefined}
            onChange={({ target }) => changeDraft(projectId, { money: target.value })}
          />
          <EscalationChoice projectId={projectId} />
          <div className="field wide">
            <label htmlFor={afterId}>{t('after')}</label>
            <select
              id={afterId}
              className="input"
              value={draft.after ?? ''}
              onChange={({ target }) =>
                changeDraft(projectId, { after: target.value === '' ? undefined : target.value })
              }
            >
              <option value="">{t('afterNothing')}</option>
              {open.map(({ taskId, task }) => (
                <option key={taskId} value={taskId}>
                  {partsOfTask(task).text.slice(0, 60)}
                </option>
              ))}
            </select>
          </div>
        </>
      )}
    </div>
  );
}
