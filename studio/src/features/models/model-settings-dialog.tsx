import { Dialog } from '@base-ui/react/dialog';
import { type FormEvent, useState } from 'react';
import { useText } from '../../i18n/language.ts';
import { rpc } from '../../rpc/client.ts';
import { Field } from '../../ui/field.tsx';
import { toast } from '../../ui/toasts.tsx';
import { type LocalModel, refreshModels } from './model-queries.ts';

const numbers = ['contextSize', 'threads', 'parallel', 'temperature'] as const;
/** Exact decimals: they stay texts. */
const prices = ['tokenWeight', 'inputCost', 'outputCost'] as const;

/** How a model is loaded; saving loads it. */
export function ModelSettingsDialog({ model, onClose }: { model: LocalModel; onClose: () => void }) {
  const t = useText('models');
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);

  async function save(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const numberOf = (name: (typeof numbers)[number]) => {
      const text = String(form.get(name) ?? '').trim();
      return text === '' ? null : Number(text);
    };
    const textOf = (name: (typeof prices)[number]) => String(form.get(name) ?? '').trim() || null;
    setBusy(true);
    try {
      await rpc.call('admin.models.load', {
        modelId: model.id,
        contextSize: numberOf('contextSize'),
        threads: numberOf('threads'),
        parallel: numberOf('parallel'),
        temperature: numberOf('temperature'),
        tokenWeight: textOf('tokenWeight'),
        inputCost: textOf('inputCost'),
        outputCost: textOf('outputCost'),
        pinned: form.get('pinned') === 'on',
      });
      toast({ title: t('loadedNow', { name: model.id }) });
      onClose();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
      setBusy(false);
    }
    await refreshModels();
  }

  return (
    <Dialog.Root open onOpenChange={(open) => !open && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="dialog-backdrop" />
        <Dialog.Popup className="dialog">
          <Dialog.Title className="dialog-title">{t('settingsTitle', { name: model.id })}</Dialog.Title>
          <Dialog.Description className="text-second">{t('settingsText')}</Dialog.Description>
          <form onSubmit={(event) => void save(event)}>
            <div className="form-grid">
              {numbers.map((name) => (
                <Field
                  key={name}
                  name={name}
                  type="number"
                  min={0}
                  step={name === 'temperature' ? 0.05 : 1}
                  label={t(name)}
                  defaultValue={model.settings[name] ?? ''}
                  error={name === 'contextSize' ? problem : undefined}
                />
              ))}
              {prices.map((name) => (
                <Field
                  key={name}
                  name={name}
                  inputMode="decimal"
                  pattern="[0-9]{1,9}([.][0-9]{1,12})?"
                  label={t(name)}
                  placeholder={name === 'tokenWeight' ? '1' : '0'}
                  defaultValue={model.settings[name] ?? ''}
                />
              ))}
              <label className="check-line">
                <input type="checkbox" name="pinned" defaultChecked={model.settings.pinned} /> {t('pin')}
              </label>
            </div>
            <div className="dialog-actions">
              <Dialog.Close className="button ghost">{t('cancel')}</Dialog.Close>
              <button type="submit" className="button primary" aria-busy={busy}>
                {t('save')}
              </button>
            </div>
          </form>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
