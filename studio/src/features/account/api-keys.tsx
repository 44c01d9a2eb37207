import { useQuery } from '@tanstack/react-query';
import { KeyRound } from 'lucide-react';
import { type FormEvent, useId, useState } from 'react';
import { queryClient } from '../../app/query-client.ts';
import { useLanguage, useText } from '../../i18n/language.ts';
import type { Result } from '../../rpc/contracts.ts';
import { rest } from '../../rpc/http.ts';
import { ConfirmDialog } from '../../ui/confirm-dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { formatInstant } from '../../ui/format.ts';
import { PanelError } from '../../ui/panel-boundary.tsx';
import { SecretOnce } from '../../ui/secret-once.tsx';
import { SkeletonLines } from '../../ui/skeleton.tsx';
import { toast, toastFault } from '../../ui/toasts.tsx';
import { ClientSetups } from './client-setups.tsx';

type ApiKey = Result<'auth.apiKey.list'>['apiKeys'][number];
const lifetimesInDays = [30, 90, 365] as const;
const refresh = () => queryClient.invalidateQueries({ queryKey: ['auth.keys'] });

/** Keys for programs: made, shown once, revoked. */
export function ApiKeys() {
  const t = useText('account');
  const [leaving, setLeaving] = useState<ApiKey>();
  const list = useQuery({
    queryKey: ['auth.keys'],
    queryFn: () => rest<Result<'auth.apiKey.list'>>('GET', '/auth/api-key'),
  });
  async function revoke(key: ApiKey) {
    try {
      await rest('DELETE', '/auth/api-key/revoke', { id: key.id });
      toast({ title: t('keyRevoked', { name: key.name }) });
    } catch (error) {
      toastFault(error);
    }
    await refresh();
  }
  if (list.data === undefined) {
    if (list.error === null) return <SkeletonLines />;
    return <PanelError error={list.error} retry={() => void list.refetch()} />;
  }
  const keys = list.data.apiKeys;
  return (
    <>
      <NewKey />
      <section className="card section" aria-label={t('keys')}>
        {keys.length === 0 ? (
          <div className="empty">
            <KeyRound size={24} />
            <strong>{t('noKeysTitle')}</strong>
            <span>{t('noKeys')}</span>
          </div>
        ) : (
          <KeyTable keys={keys} onRevoke={setLeaving} />
        )}
      </section>
      <ConfirmDialog
        open={leaving !== undefined}
        title={t('revokeTitle', { name: leaving?.name ?? '' })}
        action={t('revoke')}
        onClose={() => setLeaving(undefined)}
        onConfirm={() => leaving !== undefined && void revoke(leaving)}
      >
        {t('revokeText')}
      </ConfirmDialog>
      <ClientSetups />
    </>
  );
}

function KeyTable({ keys, onRevoke }: { keys: readonly ApiKey[]; onRevoke: (key: ApiKey) => void }) {
  const t = useText('account');
  const language = useLanguage();
  return (
    <table className="table">
      <thead>
        <tr>
          <th scope="col">{t('keyName')}</th>
          <th scope="col">{t('scopes')}</th>
          <th scope="col">{t('lastUsed')}</th>
          <th scope="col">{t('expires')}</th>
          <th scope="col">
            <span className="visually-hidden">{t('actions')}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {keys.map((key) => (
          <tr key={key.id}>
            <td>
              <strong>{key.name}</strong> <code className="text-muted">{key.prefix}…</code>
            </td>
            <td className="text-second">{key.scopes === null ? t('allScopes') : key.scopes.join(', ')}</td>
            <td className="text-second">
              {key.lastUsedAt === null ? t('neverUsed') : formatInstant(key.lastUsedAt, language)}
            </td>
            <td className="text-second">
              {key.expiresAt === null ? t('neverExpires') : formatInstant(key.expiresAt, language)}
            </td>
            <td className="actions">
              <button
                type="button"
                className="button small danger"
                aria-label={t('revokeNamed', { name: key.name })}
                onClick={() => onRevoke(key)}
              >
                {t('revoke')}
              </button>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function NewKey() {
  const t = useText('account');
  const lifetimeId = useId();
  const [made, setMade] = useState<string>();
  const [problem, setProblem] = useState<string>();
  async function make(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const element = event.currentTarget;
    const form = new FormData(element);
    const days = Number(form.get('days'));
    const scopes = String(form.get('scopes') ?? '')
      .split(/[\s,]+/)
      .filter((scope) => scope !== '');
    try {
      const { apiKey } = await rest<Result<'auth.apiKey.generate'>>('POST', '/auth/api-key/generate', {
        name: String(form.get('name') ?? '').trim(),
        ...(scopes.length === 0 ? {} : { scopes }),
        ...(days === 0 ? {} : { expiresAt: new Date(Date.now() + days * 86_400_000).toISOString() }),
      });
      setMade(apiKey);
      setProblem(undefined);
      element.reset();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
    await refresh();
  }
  return (
    <section className="card section" aria-labelledby="new-key-title">
      <header>
        <h2 id="new-key-title">{t('newKey')}</h2>
      </header>
      {made !== undefined && (
        <SecretOnce secret={made} note={t('keyOnce')} copyLabel={t('copyKey')} copiedText={t('copied')} />
      )}
      <form onSubmit={(event) => void make(event)} className="section-body form-line">
        <Field name="name" label={t('keyName')} maxLength={100} required autoComplete="off" error={problem} />
        <Field name="scopes" label={t('scopesField')} placeholder="project run" autoComplete="off" />
        <div className="field">
          <label htmlFor={lifetimeId}>{t('lifetime')}</label>
          <select id={lifetimeId} name="days" className="input" defaultValue="90">
            {lifetimesInDays.map((days) => (
              <option key={days} value={days}>
                {t('days', { count: days })}
              </option>
            ))}
            <option value="0">{t('neverExpires')}</option>
          </select>
        </div>
        <button type="submit" className="button primary">
          <KeyRound size={14} /> {t('makeKey')}
        </button>
      </form>
    </section>
  );
}
