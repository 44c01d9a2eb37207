import { useQueries } from '@tanstack/react-query';
import { FileDiff } from 'lucide-react';
import { useEffect, useMemo, useState } from 'react';
import { useText } from '../../i18n/language.ts';
import { PanelError } from '../../ui/panel-boundary.tsx';
import { SkeletonLines } from '../../ui/skeleton.tsx';
import { useStore } from '../../ui/store.ts';
import { FileIcon } from '../workbench/file-icon.tsx';
import { openStates, proposedFileQuery, type Step, type TaskDetail } from './agent-queries.ts';
import { appliedOf } from './applied.ts';
import { ConflictView } from './conflict-view.tsx';
import { selectionOf, verdictsOf } from './decisions.ts';
import { FileReview } from './file-review.tsx';
import { conflictOf, restoreConflict } from './open-conflicts.ts';
import { PlusMinus } from './plus-minus.tsx';
import { RollbackDialog } from './rollback-dialog.tsx';
import { carryOut, reject } from './task-actions.ts';

interface ReviewProps {
  readonly task: TaskDetail;
  readonly steps: readonly Step[];
  readonly editable: boolean;
  readonly file: string | undefined;
  readonly onFile: (path: string) => void;
}

/** A change file by file and part by part: accept, reject, apply what was accepted, take it back. */
export function Review({ task, steps, editable, file, onFile }: ReviewProps) {
  const t = useText('agents');
  const conflict = useStore(conflictOf(task.taskId));
  const applied = useMemo(() => appliedOf(steps), [steps]);
  const { taskId } = task;
  useEffect(() => {
    if (editable) void restoreConflict({ taskId });
  }, [taskId, editable]);
  if (conflict !== undefined) {
    return (
      <ConflictView
        key={conflict.conflicts.map(({ path, presentHash }) => `${path} ${presentHash}`).join()}
        task={task}
        open={conflict}
        touched={
          conflict.request.action === 'apply'
            ? task.changeSet.map(({ path }) => path)
            : conflict.request.action === 'rollback'
              ? [...applied.keys()]
              : undefined
        }
      />
    );
  }
  if (task.changeSet.length === 0) {
    const open = openStates.has(task.status);
    return (
      <div className="empty grow">
        <FileDiff size={24} />
        <strong>{t('noChanges')}</strong>
        <span>{open ? t('noChangesText') : t('noChangesEnded')}</span>
      </div>
    );
  }
  return <Files task={task} applied={applied} editable={editable} file={file} onFile={onFile} />;
}

function Files({
  task,
  applied,
  editable,
  file,
  onFile,
}: Omit<ReviewProps, 'steps'> & { applied: ReturnType<typeof appliedOf> }) {
  const t = useText('agents');
  const { taskId, changeSet } = task;
  const store = verdictsOf(taskId);
  const verdicts = useStore(store);
  const files = useQueries({ queries: changeSet.map(({ path }) => proposedFileQuery(taskId, path)) });
  const shown = changeSet.find(({ path }) => path === file) ?? changeSet[0];
  const query = files[changeSet.findIndex(({ path }) => path === shown?.path)];
  const numbers = files.flatMap(({ data }) =>
    data === undefined ? [] : [{ path: data.path, numbers: numbersOf(data) }],
  );
  const chosen = selectionOf(numbers, verdicts, applied);
  return (
    <div className="review">
      <ReviewBar task={task} editable={editable} chosen={chosen} decided={Object.keys(verdicts).length > 0} />
      {changeSet.length > 1 && (
        <nav className="review-files" aria-label={t('files')}>
          {changeSet.map(({ path, addedLines, removedLines }) => (
            <button
              key={path}
              type="button"
              className="review-file"
              title={path}
              {...(path === shown?.path ? { 'aria-current': 'true' as const } : {})}
              onClick={() => onFile(path)}
            >
              <FileIcon name={path} />
              <span className="clip">{path.slice(path.lastIndexOf('/') + 1)}</span>
              <PlusMinus plus={addedLines} minus={removedLines} />
            </button>
          ))}
        </nav>
      )}
      {query?.error != null && query.data === undefined && (
        <PanelError error={query.error} retry={() => void query.refetch()} />
      )}
      {query?.data === undefined ? (
        query?.error == null && <SkeletonLines />
      ) : (
        <FileReview
          key={query.data.path}
          task={task}
          file={query.data}
          numbers={numbersOf(query.data)}
          applied={applied}
          editable={editable}
        />
      )}
    </div>
  );
}

/** The numbers of a file's changes; a file that is taken as a whole has one. */
function numbersOf(file: { readonly regions: readonly { readonly number: number }[] }): number[] {
  return file.regions.length === 0 ? [1] : file.regions.map(({ number }) => number);
}

interface BarProps {
  readonly task: TaskDetail;
  readonly editable: boolean;
  readonly chosen: ReturnType<typeof selectionOf>;
  readonly decided: boolean;
}

function ReviewBar({ task, editable, chosen, decided }: BarProps) {
  const t = useText('agents');
  const [busy, setBusy] = useState(false);
  const [rollingBack, setRollingBack] = useState(false);
  const { changeState } = task;
  const act = (work: () => Promise<unknown>) => {
    if (busy) return;
    setBusy(true);
    void work().finally(() => setBusy(false));
  };
  const { paths, hunks, count } = chosen;
  return (
    <div className="review-bar">
      <strong className="clip grow">{t(`change.${changeState}`)}</strong>
      {editable && count > 0 && (
        <button
          type="button"
          className="button small primary"
          aria-busy={busy}
          onClick={() => act(() => carryOut(task, { action: 'apply', paths, hunks }))}
        >
          {t('applyAccepted', { count })}
        </button>
      )}
      {editable && count === 0 && changeState === 'proposed' && !decided && (
        <button
          type="button"
          className="button small primary"
          aria-busy={busy}
          onClick={() => act(() => carryOut(task, { action: 'apply' }))}
        >
          {t('applyAll')}
        </button>
      )}
      {editable && changeState === 'rolled_back' && (
        <button
          type="button"
          className="button small"
          aria-busy={busy}
          onClick={() => act(() => carryOut(task, { action: 'redo' }))}
        >
          {t('redo')}
        </button>
      )}
      {editable && changeState === 'applied' && (
        <button type="button" className="button small" onClick={() => setRollingBack(true)}>
          {t('rollBack')}
        </button>
      )}
      {editable && changeState === 'proposed' && (
        <button type="button" className="button small ghost" onClick={() => act(() => reject(task))}>
          {t('reject')}
        </button>
      )}
      <RollbackDialog task={task} open={rollingBack} onClose={() => setRollingBack(false)} />
    </div>
  );
}
