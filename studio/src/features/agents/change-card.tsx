import { FileDiff } from 'lucide-react';
import { useState } from 'react';
import { useText } from '../../i18n/language.ts';
import { FileIcon } from '../workbench/file-icon.tsx';
import type { TaskDetail } from './agent-queries.ts';
import { unifiedRows } from './diff-rows.ts';
import { conflictOf } from './open-conflicts.ts';
import { PlusMinus } from './plus-minus.tsx';
import { RollbackDialog } from './rollback-dialog.tsx';
import { carryOut, reject } from './task-actions.ts';

interface CardProps {
  readonly task: TaskDetail;
  readonly editable: boolean;
  readonly onReview: (path?: string) => void;
}

const shownFiles = 8;
const peekLines = 4;

/** What a task proposes or what became of it, with the ways on. */
export function ChangeCard({ task, editable, onReview }: CardProps) {
  const t = useText('agents');
  const [busy, setBusy] = useState(false);
  const [rollingBack, setRollingBack] = useState(false);
  const { changeSet, changeState } = task;
  if (changeSet.length === 0) return null;
  const titles = {
    none: t('changeSet'),
    proposed: t('changeSet'),
    applied: t('changeSetApplied'),
    rejected: t('changeSetRejected'),
    rolled_back: t('changeSetBack'),
  };
  // A conflict is decided in the review, wherever this card stands.
  const showConflict = () => conflictOf(task.taskId).get() !== undefined && onReview();
  const act = (work: () => Promise<unknown>) => () => {
    if (busy) return;
    setBusy(true);
    void work()
      .then(showConflict)
      .finally(() => setBusy(false));
  };
  return (
    <section className="card change-card" aria-label={titles[changeState]}>
      <header>
        <FileDiff size={14} />
        <strong className="grow">{titles[changeState]}</strong>
        <PlusMinus
          plus={sum(changeSet.map(({ addedLines }) => addedLines))}
          minus={sum(changeSet.map(({ removedLines }) => removedLines))}
        />
      </header>
      <Peek diff={changeSet[0]?.diff ?? ''} />
      <ul>
        {changeSet.slice(0, shownFiles).map(({ path, addedLines, removedLines, change }) => (
          <li key={path}>
            <button type="button" onClick={() => onReview(path)}>
              <FileIcon name={path} />
              <span className="clip grow">{path}</span>
              {change !== 'changed' && <span className="text-muted">{t(change)}</span>}
              <PlusMinus plus={addedLines} minus={removedLines} />
            </button>
          </li>
        ))}
        {changeSet.length > shownFiles && (
          <li className="text-muted change-more">+{changeSet.length - shownFiles}</li>
        )}
      </ul>
      {changeState === 'proposed' && task.overlaps.length > 0 && (
        <p className="change-overlap tone-warning">
          {t('overlaps', { files: [...new Set(task.overlaps.map(({ path }) => path))].join(', ') })}
        </p>
      )}
      <footer>
        {editable && changeState === 'proposed' && (
          <button
            type="button"
            className="button small primary"
            aria-busy={busy}
            onClick={act(() => carryOut(task, { action: 'apply' }))}
          >
            {busy ? t('applying') : t('applyAll')}
          </button>
        )}
        {editable && changeState === 'rolled_back' && (
          <button
            type="button"
            className="button small"
            aria-busy={busy}
            onClick={act(() => carryOut(task, { action: 'redo' }))}
          >
            {t('redo')}
          </button>
        )}
        {editable && changeState === 'rejected' && (
          <button
            type="button"
            className="button small"
            aria-busy={busy}
            onClick={act(() => carryOut(task, { action: 'apply' }))}
          >
            {t('applyAgain')}
          </button>
        )}
        <button type="button" className="button small" onClick={() => onReview()}>
          {t('review')}
        </button>
        <span className="grow" />
        {editable && changeState === 'proposed' && (
          <button type="button" className="button small ghost" onClick={act(() => reject(task))}>
            {t('reject')}
          </button>
        )}
        {editable && changeState === 'applied' && (
          <button type="button" className="button small ghost" onClick={() => setRollingBack(true)}>
            {t('rollBack')}
          </button>
        )}
      </footer>
      <RollbackDialog
        task={task}
        open={rollingBack}
        onClose={() => setRollingBack(false)}
        onDone={showConflict}
      />
    </section>
  );
}

/** The first changed lines: a phone shows them in place of the list. */
function Peek({ diff }: { diff: string }) {
  const rows = unifiedRows(diff)
    .filter(({ sign }) => sign === '+' || sign === '-')
    .slice(0, peekLines);
  return (
    <div className="change-peek" aria-hidden="true">
      {rows.map(({ sign, text }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: rows have no other identity
        <div key={index} className={sign === '+' ? 'diff-line added' : 'diff-line removed'}>
          <span className="diff-sign">{sign === '+' ? '+' : '−'}</span>
          <span>{text}</span>
        </div>
      ))}
    </div>
  );
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
