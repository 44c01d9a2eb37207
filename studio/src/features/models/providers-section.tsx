import './models.css';
import { useQuery } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import { useState } from 'react';
import { useText } from '../../i18n/language.ts';
import { rpc } from '../../rpc/client.ts';
import { ConfirmDialog } from '../../ui/confirm-dialog.tsx';
import { PanelError } from '../../ui/panel-boundary.tsx';
import { SkeletonLines } from '../../ui/skeleton.tsx';
import { toast, toastFault } from '../../ui/toasts.tsx';
import { type Provider, providersQuery, refreshModels } from './model-queries.ts';
import { ProviderDialog } from './provider-dialog.tsx';
import { RoutingForm } from './routing-form.tsx';

type Asked = { readonly what: 'add' } | { readonly what: 'edit' | 'remove'; readonly provider: Provider };

/** Servers elsewhere that may answer, their keys, and which model does what. */
export function ProvidersSection() {
  const t = useText('models');
  const [asked, setAsked] = useState<Asked>();
  const list = useQuery(providersQuery);
  const providers = list.data?.providers;
  const close = () => setAsked(undefined);

  async function remove({ name }: Provider) {
    try {
      await rpc.call('admin.providers.remove', { name });
      toast({ title: t('providerRemoved', { name }) });
    } catch (error) {
      toastFault(error);
    }
    await refreshModels();
  }

  if (list.error !== null && providers === undefined) {
    return <PanelError error={list.error} retry={() => void list.refetch()} />;
  }
  return (
    <>
      <section className="card section" aria-labelledby="providers-title">
        <header className="models-head">
          <h2 id="providers-title" className="grow">
            {t('providers')}
          </h2>
          <button type="button" className="button small" onClick={() => setAsked({ what: 'add' })}>
            <Plus size={14} /> {t('add')}
          </button>
        </header>
        {providers === undefined ? (
          <SkeletonLines />
        ) : providers.length === 0 ? (
          <div className="section-body">
            <strong>{t('noProviders')}</strong>
            <p className="text-second">{t('providersText')}</p>
          </div>
        ) : (
          <div className="table-scroll">
            <table className="table">
              <thead>
                <tr>
                  <th scope="col">{t('name')}</th>
                  <th scope="col">{t('state')}</th>
                  <th scope="col">{t('address')}</th>
                  <th scope="col">{t('key')}</th>
                  <th scope="col" className="numbers">
                    {t('models')}
                  </th>
                  <th scope="col">
                    <span className="visually-hidden">{t('actions')}</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {providers.map((provider) => (
                  <ProviderRow
                    key={provider.name}
                    provider={provider}
                    onAsk={(what) => setAsked({ what, provider })}
                  />
                ))}
              </tbody>
            </table>
          </div>
        )}
      </section>
      <RoutingForm />
      <ConfirmDialog
        open={asked?.what === 'remove'}
        title={t('removeProviderTitle', { name: asked?.what === 'remove' ? asked.provider.name : '' })}
        action={t('removeProvider')}
        onClose={close}
        onConfirm={() => asked?.what === 'remove' && void remove(asked.provider)}
      >
        {t('removeProviderText')}
      </ConfirmDialog>
      {asked?.what === 'add' && <ProviderDialog onClose={close} />}
      {asked?.what === 'edit' && <ProviderDialog provider={asked.provider} onClose={close} />}
    </>
  );
}

function ProviderRow({ provider, onAsk }: { provider: Provider; onAsk: (what: 'edit' | 'remove') => void }) {
  const t = useText('models');
  const { name, state, coolingReason } = provider;
  const reason = t(`reasons.${(coolingReason ?? 'failure') as 'key'}`);
  const tone = {
    ready: 'tone-success',
    disabled: 'text-muted',
    cooling: 'tone-warning',
    open: 'tone-warning',
  }[state];
  return (
    <tr>
      <td>
        <strong className="model-name">{name}</strong>{' '}
        <span className="text-muted model-quantization">{provider.kind}</span>
      </td>
      <td>
        <span className="row">
          <i className={`dot ${tone}`} /> {t(`providerStates.${state}`, { reason })}
        </span>
      </td>
      <td className="text-second">{provider.baseUrl}</td>
      <td className="text-second" data-label={t('key')}>
        {t(provider.hasApiKey ? 'keyStored' : 'keyNone')}
      </td>
      <td className="numbers" data-label={t('models')}>
        {provider.models.length}
      </td>
      <td className="actions">
        {provider.found ? (
          <span className="text-muted">{t('found')}</span>
        ) : (
          <>
            <button type="button" className="button small ghost" onClick={() => onAsk('edit')}>
              {t('edit')}
            </button>
            <button type="button" className="button small ghost" onClick={() => onAsk('remove')}>
              {t('removeProvider')}
            </button>
          </>
        )}
      </td>
    </tr>
  );
}
