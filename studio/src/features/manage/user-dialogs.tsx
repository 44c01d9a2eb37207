import { Dialog } from '@base-ui/react/dialog';
import { type FormEvent, type ReactNode, useState } from 'react';
import { useLanguage, useText } from '../../i18n/language.ts';
import { rest } from '../../rpc/http.ts';
import { Field } from '../../ui/field.tsx';
import { toast } from '../../ui/toasts.tsx';
import { type Person, refreshUsers } from './users.ts';

interface FormDialogProps {
  readonly title: string;
  readonly text: string;
  readonly action: string;
  readonly onClose: () => void;
  /** Does what the form asks for; what it throws stands in the dialog. */
  readonly onSubmit: (form: FormData) => Promise<void>;
  readonly children: (problem: string | undefined) => ReactNode;
}

function FormDialog({ title, text, action, onClose, onSubmit, children }: FormDialogProps) {
  const t = useText('manage');
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    setBusy(true);
    try {
      await onSubmit(new FormData(event.currentTarget));
      onClose();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
      setBusy(false);
    }
    await refreshUsers();
  }
  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="dialog-backdrop" />
        <Dialog.Popup className="dialog">
          <Dialog.Title className="dialog-title">{title}</Dialog.Title>
          <Dialog.Description className="text-second">{text}</Dialog.Description>
          <form onSubmit={(event) => void submit(event)}>
            {children(problem)}
            <div className="dialog-actions">
              <Dialog.Close className="button ghost">{t('cancel')}</Dialog.Close>
              <button type="submit" className="button primary" aria-busy={busy}>
                {action}
              </button>
            </div>
          </form>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

interface PersonDialogProps {
  readonly person: Person;
  readonly onClose: () => void;
}

/** Sets how many tokens somebody has; the same dialog never counts twice. */
export function BalanceDialog({ person, onClose }: PersonDialogProps) {
  const t = useText('manage');
  const language = useLanguage();
  const [idempotencyKey] = useState(() => crypto.getRandomValues(new Uint32Array(4)).join('-'));
  return (
    <FormDialog
      title={t('balanceTitle', { name: person.username })}
      text={t('balanceText', { tokens: person.tokenBalance.toLocaleString(language) })}
      action={t('setBalance')}
      onClose={onClose}
      onSubmit={async (form) => {
        const reason = String(form.get('reason') ?? '').trim();
        await rest('PUT', `/admin/users/${person.id}/balance`, {
          balance: Number(form.get('balance')),
          idempotencyKey,
          ...(reason === '' ? {} : { reason }),
        });
        toast({ title: t('balanceSet', { name: person.username }) });
      }}
    >
      {(problem) => (
        <div className="section-body dialog-fields">
          <Field
            name="balance"
            type="number"
            label={t('newBalance')}
            defaultValue={person.tokenBalance}
            min={0}
            max={1_000_000_000_000_000}
            step={1}
            required
            error={problem}
          />
          <Field name="reason" label={t('reason')} maxLength={500} />
        </div>
      )}
    </FormDialog>
  );
}

/** Gives somebody a new password; all of their sessions end. */
export function PasswordDialog({ person, onClose }: PersonDialogProps) {
  const t = useText('manage');
  return (
    <FormDialog
      title={t('passwordTitle', { name: person.username })}
      text={t('passwordText')}
      action={t('setPassword')}
      onClose={onClose}
      onSubmit={async (form) => {
        await rest('PUT', `/admin/users/${person.id}/password`, { password: form.get('password') });
        toast({ title: t('passwordSet', { name: person.username }) });
      }}
    >
      {(problem) => (
        <div className="section-body dialog-fields">
          <Field
            name="password"
            type="password"
            label={t('newPassword')}
            autoComplete="new-password"
            maxLength={1024}
            required
            error={problem}
          />
        </div>
      )}
    </FormDialog>
  );
}
