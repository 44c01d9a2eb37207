import { Dialog } from '@base-ui/react/dialog';
import { useQuery } from '@tanstack/react-query';
import { useText } from '../../i18n/language.ts';
import { rpc } from '../../rpc/client.ts';
import { PanelError } from '../../ui/panel-boundary.tsx';
import { SkeletonLines } from '../../ui/skeleton.tsx';
import type { Task } from './agent-queries.ts';
import { unifiedRows } from './diff-rows.ts';
import { PlusMinus } from './plus-minus.tsx';
import { carryOut } from './task-actions.ts';

interface DialogProps {
  readonly task: Pick<Task, 'taskId' | 'projectId'>;
  readonly open: boolean;
  readonly onClose: () => void;
  /** After it was tried; there may be a conflict to decide. */
  readonly onDone?: () => void;
}

/** Shows what a rollback would change before anything changes. */
export function RollbackDialog({ task, open, onClose, onDone }: DialogProps) {
  const t = useText('agents');
  return (
    <Dialog.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="dialog-backdrop" />
        <Dialog.Popup className="dialog rollback-dialog">
          <Dialog.Title className="dialog-title">{t('rollbackTitle')}</Dialog.Title>
          <Dialog.Description className="text-second">{t('rollbackText')}</Dialog.Description>
          <Preview task={task} />
          <div className="dialog-actions">
            <Dialog.Close className="button ghost">{t('close')}</Dialog.Close>
            <Dialog.Close
              className="button danger-solid"
              onClick={() => void carryOut(task, { action: 'rollback' }).then(() => onDone?.())}
            >
              {t('rollBack')}
            </Dialog.Close>
          </div>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function Preview({ task }: Pick<DialogProps, 'task'>) {
  const t = useText('agents');
  const { taskId } = task;
  const preview = useQuery({
    queryKey: ['agents.rollback', taskId],
    queryFn: () => rpc.call('agent.rollback', { taskId, preview: true }),
    // The files may have changed since the dialog was open the last time.
    staleTime: 0,
    gcTime: 0,
  });
  if (preview.error !== null)
    return <PanelError error={preview.error} retry={() => void preview.refetch()} />;
  if (preview.data === undefined) return <SkeletonLines />;
  const { changes = [], conflicts } = preview.data;
  if (conflicts.length > 0)
    return (
      <p className="tone-warning">
        {t('conflictTitle', { count: conflicts.length })}: {conflicts.map(({ path }) => path).join(', ')}.{' '}
        {t('rollbackConflict')}
      </p>
    );
  if (changes.length === 0) return <p className="text-muted">{t('rollbackEmpty')}</p>;
  return (
    <div className="rollback-files">
      {changes.map(({ path, diff, addedLines, removedLines }) => (
        <section key={path} className="rollback-file" aria-label={path}>
          <header>
            <code className="clip grow">{path}</code>
            <PlusMinus plus={addedLines} minus={removedLines} />
          </header>
          <div
            className="rollback-diff"
            // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls is reached by keyboard
            tabIndex={0}
          >
            {unifiedRows(diff)
              .filter(({ sign }) => sign !== '@')
              .slice(0, 400)
              .map(({ sign, text }, index) => (
                <div
                  // biome-ignore lint/suspicious/noArrayIndexKey: rows have no other identity
                  key={index}
                  className={`diff-line ${sign === '+' ? 'added' : sign === '-' ? 'removed' : ''}`}
                >
                  <span className="diff-sign">{sign === '-' ? '−' : sign}</span>
                  <span>{text}</span>
                </div>
              ))}
          </div>
        </section>
      ))}
    </div>
  );
}
