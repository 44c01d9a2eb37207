import './models.css';
import { useQuery } from '@tanstack/react-query';
import { CircleAlert, MoreHorizontal, Settings, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useLanguage, useText } from '../../i18n/language.ts';
import { rpc } from '../../rpc/client.ts';
import { ConfirmDialog } from '../../ui/confirm-dialog.tsx';
import { formatBytes } from '../../ui/format.ts';
import { MenuButton } from '../../ui/menu.tsx';
import { PanelError } from '../../ui/panel-boundary.tsx';
import { SkeletonLines } from '../../ui/skeleton.tsx';
import { toast, toastFault } from '../../ui/toasts.tsx';
import { Activity } from './activity.tsx';
import { AddModel } from './add-model.tsx';
import { Downloads } from './downloads.tsx';
import { adminModelsQuery, type LocalModel, modelStatusQuery, refreshModels } from './model-queries.ts';
import { ModelSettingsDialog } from './model-settings-dialog.tsx';

type Asked = { readonly what: 'remove' | 'configure'; readonly model: LocalModel };

/** Models of this server: state, memory, load, unload, settings, download. */
export function ModelsSection() {
  const t = useText('models');
  const [asked, setAsked] = useState<Asked>();
  const list = useQuery(adminModelsQuery);
  const models = list.data?.models.flatMap(({ local }) => (local === null ? [] : [local]));
  const close = () => setAsked(undefined);

  async function remove({ id }: LocalModel) {
    try {
      await rpc.call('admin.models.remove', { modelId: id });
      toast({ title: t('removed', { name: id }) });
    } catch (error) {
      toastFault(error);
    }
    await refreshModels();
  }

  if (list.error !== null && models === undefined) {
    return <PanelError error={list.error} retry={() => void list.refetch()} />;
  }
  return (
    <>
      <section className="card section" aria-labelledby="models-title">
        <header className="models-head">
          <h2 id="models-title" className="grow">
            {t('models')}
          </h2>
          <Memory />
        </header>
        {models === undefined ? (
          <SkeletonLines />
        ) : models.length === 0 ? (
          <div className="section-body">
            <strong>{t('none')}</strong>
            <p className="text-second">{t('noneText')}</p>
          </div>
        ) : (
          <div className="table-scroll">
            <table className="table">
              <thead>
                <tr>
                  <th scope="col">{t('model')}</th>
                  <th scope="col">{t('state')}</th>
                  <th scope="col">{t('use')}</th>
                  <th scope="col" className="numbers">
                    {t('size')}
                  </th>
                  <th scope="col" className="numbers">
                    {t('ram')}
                  </th>
                  <th scope="col" className="numbers">
                    {t('context')}
                  </th>
                  <th scope="col" className="numbers">
                    {t('speed')}
                  </th>
                  <th scope="col">
                    <span className="visually-hidden">{t('actions')}</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {models.map((model) => (
                  <ModelRow key={model.id} model={model} onAsk={(what) => setAsked({ what, model })} />
                ))}
              </tbody>
            </table>
          </div>
        )}
      </section>
      <Activity />
      <Downloads />
      <AddModel />
      <ConfirmDialog
        open={asked?.what === 'remove'}
        title={t('removeTitle', { name: asked?.model.id ?? '' })}
        action={t('remove')}
        onClose={close}
        onConfirm={() => asked !== undefined && void remove(asked.model)}
      >
        {t('removeText')}
      </ConfirmDialog>
      {asked?.what === 'configure' && <ModelSettingsDialog model={asked.model} onClose={close} />}
    </>
  );
}

function Memory() {
  const t = useText('models');
  const language = useLanguage();
  const memory = useQuery(modelStatusQuery).data?.memory;
  if (memory === undefined) return null;
  const percent = Math.min(100, Math.round((memory.modelBytes / memory.totalBytes) * 100));
  return (
    <>
      <span className="text-muted models-memory">
        {t('ofMemory', {
          used: formatBytes(memory.modelBytes, language),
          total: formatBytes(memory.totalBytes, language),
        })}
      </span>
      <span
        className={percent > 90 ? 'meter full' : percent > 75 ? 'meter high' : 'meter'}
        aria-hidden="true"
      >
        <i style={{ width: `${percent}%` }} />
      </span>
    </>
  );
}

function ModelRow({ model, onAsk }: { model: LocalModel; onAsk: (what: Asked['what']) => void }) {
  const t = useText('models');
  const language = useLanguage();
  const [busy, setBusy] = useState(false);
  const loaded = model.state === 'loaded';
  const bytes = (value: number | null) => (value === null ? '–' : formatBytes(value, language));
  const speed = model.completionTokensPerSecond;

  async function switchState() {
    setBusy(true);
    try {
      if (loaded) await rpc.call('admin.models.unload', { modelId: model.id });
      else await rpc.call('admin.models.load', { modelId: model.id });
      toast({ title: t(loaded ? 'unloadedNow' : 'loadedNow', { name: model.id }) });
    } catch (error) {
      toastFault(error);
    }
    setBusy(false);
    await refreshModels();
  }

  return (
    <tr>
      <td>
        <strong className="model-name">{model.id}</strong>{' '}
        <span className="text-muted model-quantization">{model.quantization ?? ''}</span>
      </td>
      <td>
        <ModelStanding model={model} />
      </td>
      <td className="text-second" data-label={t('use')}>
        {(['chat', 'infill', 'embeddings'] as const)
          .filter((use) => model.capabilities[use])
          .map((use) => t(`uses.${use}`))
          .join(', ') || '–'}
      </td>
      <td className="numbers" data-label={t('size')}>
        {bytes(model.sizeBytes)}
      </td>
      <td className="numbers" data-label={t('ram')}>
        {loaded ? bytes(model.residentBytes ?? model.estimatedBytes) : '–'}
      </td>
      <td className="numbers" data-label={t('context')}>
        {(model.settings.contextSize ?? model.trainedContextSize).toLocaleString(language)}
      </td>
      <td className="numbers" data-label={t('speed')}>
        {speed === null ? '–' : speed.toLocaleString(language, { maximumFractionDigits: 0 })}
      </td>
      <td className="actions">
        <button
          type="button"
          className="button small ghost"
          aria-busy={busy}
          aria-disabled={model.state === 'unreadable'}
          title={
            model.problem ??
            (model.estimatedBytes === null ? '' : t('needs', { bytes: bytes(model.estimatedBytes) }))
          }
          onClick={() => model.state !== 'unreadable' && !busy && void switchState()}
        >
          {busy && <i className="dot running" />}
          {t(loaded ? 'unload' : 'load')}
        </button>
        <MenuButton
          className="icon-button"
          label={t('actionsOf', { name: model.id })}
          align="end"
          entries={() => [
            { label: t('configure'), icon: <Settings size={14} />, run: () => onAsk('configure') },
            'line',
            { label: t('remove'), icon: <Trash2 size={14} />, run: () => onAsk('remove') },
          ]}
        >
          <MoreHorizontal size={16} />
        </MenuButton>
      </td>
    </tr>
  );
}

function ModelStanding({ model }: { model: LocalModel }) {
  const t = useText('models');
  if (model.state === 'failed' || model.state === 'unreadable') {
    return (
      <span className="row" title={model.problem ?? ''}>
        <CircleAlert size={14} className="tone-warning" /> {t(`states.${model.state}`)}
      </span>
    );
  }
  const busy = model.activeRequests > 0;
  const text = busy
    ? t('answering', { active: model.activeRequests, queued: model.queuedRequests })
    : t(`states.${model.state}`);
  return (
    <span className="row">
      <i
        className={`dot ${busy || model.state.endsWith('ing') ? 'running tone-info' : model.state === 'loaded' ? 'tone-success' : 'text-muted'}`}
      />
      {text}
      {model.settings.pinned && <span className="chip">{t('pinned')}</span>}
    </span>
  );
}
