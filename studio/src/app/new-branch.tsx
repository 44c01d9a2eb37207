import { Dialog } from '@base-ui/react/dialog';
import { type FormEvent, useState } from 'react';
import { useText } from '../i18n/language.ts';
import { rpc } from '../rpc/client.ts';
import { Field } from '../ui/field.tsx';

interface NewBranchProps {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly projectId: string;
  readonly onMade: (branch: string) => Promise<void>;
}

/** Asks for the name of a new branch. */
export function NewBranch({ open, onClose, projectId, onMade }: NewBranchProps) {
  const t = useText('shell');
  const [problem, setProblem] = useState<string>();
  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const name = String(new FormData(event.currentTarget).get('branch') ?? '').trim();
    try {
      await rpc.call('project.git.branch', { projectId, create: name });
      setProblem(undefined);
      onClose();
      await onMade(name);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  }
  return (
    <Dialog.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="dialog-backdrop" />
        <Dialog.Popup className="dialog">
          <Dialog.Title className="dialog-title">{t('newBranch')}</Dialog.Title>
          <form onSubmit={(event) => void submit(event)} className="section-body p-0">
            <Field
              name="branch"
              label={t('branchName')}
              error={problem}
              required
              maxLength={200}
              autoComplete="off"
            />
            <div className="dialog-actions">
              <Dialog.Close className="button ghost">{t('cancel')}</Dialog.Close>
              <button type="submit" className="button primary">
                {t('createBranch')}
              </button>
            </div>
          </form>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
