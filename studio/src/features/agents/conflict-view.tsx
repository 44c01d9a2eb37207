import { GitMerge } from 'lucide-react';
import { useState } from 'react';
import { useText } from '../../i18n/language.ts';
import type { Conflict, TaskDetail } from './agent-queries.ts';
import { type Choice, type Choices, decidedRequest, firstChoiceOf } from './conflict-choices.ts';
import { ConflictHunk } from './conflict-hunk.tsx';
import { conflictOf, keepChoices, keptChoices, type OpenConflict } from './open-conflicts.ts';
import { carryOut } from './task-actions.ts';

interface ConflictProps {
  readonly task: TaskDetail;
  readonly open: OpenConflict;
  /** Every file of a request that names none. */
  readonly touched: readonly string[] | undefined;
}

/** Files that both sides changed: what is to stand at each place is decided here, then it is applied again. */
export function ConflictView({ task, open, touched }: ConflictProps) {
  const t = useText('agents');
  const [choices, setChoices] = useState<Choices>(() => keptChoices(task.taskId, open.conflicts));
  const [busy, setBusy] = useState(false);
  const { conflicts, request } = open;
  return (
    <div className="conflicts">
      <header className="conflicts-head">
        <GitMerge size={20} className="tone-warning" />
        <div className="grow">
          <h2>{t('conflictTitle', { count: conflicts.length })}</h2>
          <p className="text-second">{t('conflictText')}</p>
        </div>
      </header>
      {conflicts.map((conflict) => (
        <ConflictFile
          key={conflict.path}
          conflict={conflict}
          choice={choices[conflict.path] ?? firstChoiceOf(conflict)}
          onChoice={(choice) => {
            const next = { ...choices, [conflict.path]: choice };
            setChoices(next);
            keepChoices(task.taskId, open, next);
          }}
        />
      ))}
      <footer className="conflicts-foot">
        <button
          type="button"
          className="button primary"
          aria-busy={busy}
          onClick={() => {
            if (busy) return;
            setBusy(true);
            void carryOut(task, decidedRequest(open, choices, touched)).finally(() => setBusy(false));
          }}
        >
          {t(request.action === 'rollback' ? 'rollBackDecisions' : 'applyDecisions')}
        </button>
        <button type="button" className="button ghost" onClick={() => conflictOf(task.taskId).set(undefined)}>
          {t('cancelConflict')}
        </button>
      </footer>
    </div>
  );
}

interface FileProps {
  readonly conflict: Conflict;
  readonly choice: Choice;
  readonly onChoice: (choice: Choice) => void;
}

function ConflictFile({ conflict, choice, onChoice }: FileProps) {
  const t = useText('agents');
  const { path, reason, hunks, merged } = conflict;
  return (
    <section className="card conflict-file" aria-label={path}>
      <header>
        <code className="clip grow">{path}</code>
        <span className="text-second">{t(`conflictReason.${reason}`)}</span>
      </header>
      {choice.kind === 'hunks' &&
        hunks.map((hunk, index) => (
          <ConflictHunk
            // biome-ignore lint/suspicious/noArrayIndexKey: places are decided by their order
            key={index}
            path={path}
            hunk={hunk}
            text={choice.texts[index] ?? hunk.present}
            onText={(text) =>
              onChoice({
                kind: 'hunks',
                texts: hunks.map((_, at) => (at === index ? text : (choice.texts[at] ?? ''))),
              })
            }
          />
        ))}
      {hunks.length === 0 && reason !== 'changed' && (
        <div className="conflict-whole">
          <div className="row" role="radiogroup" aria-label={path}>
            <Option
              label={t('leaveOut')}
              on={choice.kind === 'leave'}
              choose={() => onChoice({ kind: 'leave' })}
            />
            {reason !== 'unreadable' && (
              <Option
                label={t('takeFile')}
                on={choice.kind === 'take'}
                choose={() => onChoice({ kind: 'take' })}
              />
            )}
            {merged !== null && (
              <Option
                label={t('editMerged')}
                on={choice.kind === 'text'}
                choose={() => onChoice({ kind: 'text', text: merged })}
              />
            )}
          </div>
          {choice.kind === 'text' && (
            <textarea
              className="input code conflict-text"
              rows={16}
              spellCheck={false}
              aria-label={t('result')}
              value={choice.text}
              onChange={({ target }) => onChoice({ kind: 'text', text: target.value })}
            />
          )}
        </div>
      )}
    </section>
  );
}

function Option({ label, on, choose }: { label: string; on: boolean; choose: () => void }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a radio that looks and acts like the other buttons
    <button type="button" role="radio" aria-checked={on} className="button small option" onClick={choose}>
      {label}
    </button>
  );
}
