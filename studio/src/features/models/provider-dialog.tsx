import { Dialog } from '@base-ui/react/dialog';
import { type FormEvent, useId, useState } from 'react';
import { useText } from '../../i18n/language.ts';
import { rpc } from '../../rpc/client.ts';
import { Field } from '../../ui/field.tsx';
import { toast } from '../../ui/toasts.tsx';
import { modelLinesOf, parseModelLines } from './model-lines.ts';
import { type Provider, refreshModels } from './model-queries.ts';

const kinds = ['openai', 'ollama', 'groq', 'openrouter', 'together', 'workers-ai'] as const;

/** Adds or changes a provider. The key goes straight to the server and is never shown. */
export function ProviderDialog({ provider, onClose }: { provider?: Provider; onClose: () => void }) {
  const t = useText('models');
  const kindId = useId();
  const modelsId = useId();
  const [problem, setProblem] = useState<string>();
  const [linesProblem, setLinesProblem] = useState<string>();
  const [busy, setBusy] = useState(false);

  async function save(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string) => String(form.get(name) ?? '').trim();
    const lines = parseModelLines(text('models'));
    if ('wrongLine' in lines) return setLinesProblem(t('modelLinesWrong', { line: lines.wrongLine }));
    setLinesProblem(undefined);
    setBusy(true);
    const name = provider?.name ?? text('name');
    // What the lines do not show stays as it is.
    const known = new Map(provider?.models.map((model) => [model.id, model]));
    const settings = {
      name,
      kind: text('kind') as (typeof kinds)[number],
      models: lines.models.map((model) => ({ ...known.get(model.id), ...model })),
      enabled: form.get('enabled') === 'on',
      ...(text('baseUrl') === '' ? {} : { baseUrl: text('baseUrl') }),
      ...(text('apiKey') === '' ? {} : { apiKey: text('apiKey') }),
    };
    try {
      if (provider === undefined) await rpc.call('admin.providers.create', settings);
      else await rpc.call('admin.providers.update', settings);
      toast({ title: t('saved', { name }) });
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
          <Dialog.Title className="dialog-title">
            {provider === undefined ? t('addProvider') : t('editProvider', { name: provider.name })}
          </Dialog.Title>
          <Dialog.Description className="text-second">{t('providerText')}</Dialog.Description>
          <form onSubmit={(event) => void save(event)}>
            <div className="form-grid">
              {provider === undefined && (
                <Field name="name" label={t('name')} maxLength={40} required error={problem} />
              )}
              <div className="field">
                <label htmlFor={kindId}>{t('kind')}</label>
                <select id={kindId} name="kind" className="input" defaultValue={provider?.kind ?? 'openai'}>
                  {kinds.map((kind) => (
                    <option key={kind} value={kind}>
                      {kind}
                    </option>
                  ))}
                </select>
              </div>
              <Field
                name="baseUrl"
                type="url"
                label={t('baseUrl')}
                defaultValue={provider?.baseUrl ?? ''}
                error={provider === undefined ? undefined : problem}
              />
              <Field
                name="apiKey"
                type="password"
                autoComplete="off"
                label={t('apiKey')}
                hint={provider?.hasApiKey === true ? t('apiKeyKeep') : undefined}
              />
              <div className="field">
                <label htmlFor={modelsId}>{t('modelLines')}</label>
                <textarea
                  id={modelsId}
                  name="models"
                  className="input"
                  rows={4}
                  spellCheck={false}
                  defaultValue={modelLinesOf(provider?.models ?? [])}
                  aria-invalid={linesProblem !== undefined}
                  aria-describedby={`${modelsId}-below`}
                />
                <span id={`${modelsId}-below`} className={linesProblem === undefined ? 'hint' : 'error'}>
                  {linesProblem ?? 'gpt-4o-mini, 128000, 0.00000015, 0.0000006'}
                </span>
              </div>
              <label className="check-line">
                <input type="checkbox" name="enabled" defaultChecked={provider?.enabled ?? true} />{' '}
                {t('enabled')}
              </label>
            </div>
            <div className="dialog-actions">
              <Dialog.Close className="button ghost">{t('cancel')}</Dialog.Close>
              <button type="submit" className="button primary" aria-busy={busy}>
                {t('saveProvider')}
              </button>
            </div>
          </form>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
