import { Dialog } from '@base-ui/react/dialog';
import type { ReactNode } from 'react';
import { useText } from '../i18n/language.ts';

interface ConfirmProps {
  readonly open: boolean;
  readonly title: string;
  readonly children: ReactNode;
  /** The same verb as in the title. */
  readonly action: string;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
}

/** Asks before what can't be undone. Escape cancels; the focus returns to where it was. */
export function ConfirmDialog({ open, title, children, action, onConfirm, onClose }: ConfirmProps) {
  const t = useText('ui');
  return (
    <Dialog.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="dialog-backdrop" />
        <Dialog.Popup className="dialog">
          <Dialog.Title className="dialog-title">{title}</Dialog.Title>
          <Dialog.Description className="text-second">{children}</Dialog.Description>
          <div className="dialog-actions">
            <Dialog.Close className="button ghost">{t('cancel')}</Dialog.Close>
            <Dialog.Close className="button danger-solid" onClick={onConfirm}>
              {action}
            </Dialog.Close>
          </div>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
