import './account.css';
import { useQuery } from '@tanstack/react-query';
import { Copy, KeyRound } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { queryClient } from '../../app/query-client.ts';
import { useLanguage, useText } from '../../i18n/language.ts';
import type { Result } from '../../rpc/contracts.ts';
import { rest } from '../../rpc/http.ts';
import { toast, toastFault } from '../../ui/toasts.tsx';
import { accountTexts } from './texts.ts';

/** One's own sign-ins, password and API keys. */
export function AccountView() {
  const t = useText(accountTexts);
  return (
    <div className="account">
      <h1>{t.account}</h1>
      <Sessions />
      <Password />
      <ApiKeys />
    </div>
  );
}

function Sessions() {
  const t = useText(accountTexts);
  const language = useLanguage();
  const sessions = useQuery({
    queryKey: ['auth.sessions'],
    queryFn: () => rest<Result<'auth.session.list'>>('GET', '/auth/sessions'),
  }).data?.sessions;
  async function end(id: string) {
    await rest('DELETE', `/auth/sessions/${id}`).catch(toastFault);
    await queryClient.invalidateQueries({ queryKey: ['auth.sessions'] });
  }
  return (
    <section className="card account-card" aria-labelledby="sessions-title">
      <h2 id="sessions-title">{t.sessions}</h2>
      <ul>
        {sessions?.map((session) => (
          <li key={session.id} className="account-row">
            <span className="flex-1">{session.address}</span>
            <span className="text-muted numbers">
              {new Date(session.lastSeenAt).toLocaleString(language)}
            </span>
            {session.current ? (
              <span className="chip success">{t.thisOne}</span>
            ) : (
              <button
                type="button"
                className="button small"
                aria-label={t.endOf(session.address)}
                onClick={() => void end(session.id)}
              >
                {t.end}
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Password() {
  const t = useText(accountTexts);
  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const element = event.currentTarget;
    const form = new FormData(element);
    try {
      await rest('POST', '/auth/password', {
        currentPassword: form.get('current'),
        newPassword: form.get('next'),
      });
      element.reset();
      toast(t.changed);
      await queryClient.invalidateQueries({ queryKey: ['auth.sessions'] });
    } catch (error) {
      toastFault(error);
    }
  }
  return (
    <section className="card account-card" aria-labelledby="password-title">
      <h2 id="password-title">{t.password}</h2>
      <form onSubmit={(event) => void submit(event)} className="account-form">
        <label className="field">
          <span className="text-second">{t.current}</span>
          <input name="current" type="password" className="input" autoComplete="current-password" required />
        </label>
        <label className="field">
          <span className="text-second">{t.next}</span>
          <input
            name="next"
            type="password"
            className="input"
            autoComplete="new-password"
            required
            minLength={10}
          />
        </label>
        <button type="submit" className="button">
          {t.change}
        </button>
      </form>
    </section>
  );
}

function ApiKeys() {
  const t = useText(accountTexts);
  const language = useLanguage();
  const [made, setMade] = useState<string>();
  const keys = useQuery({
    queryKey: ['auth.keys'],
    queryFn: () => rest<Result<'auth.apiKey.list'>>('GET', '/auth/api-key'),
  }).data?.apiKeys;
  const refresh = () => queryClient.invalidateQueries({ queryKey: ['auth.keys'] });
  async function make(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const element = event.currentTarget;
    try {
      const { apiKey } = await rest<Result<'auth.apiKey.generate'>>('POST', '/auth/api-key/generate', {
        name: new FormData(element).get('name'),
      });
      setMade(apiKey);
      element.reset();
    } catch (error) {
      toastFault(error);
    }
    await refresh();
  }
  async function revoke(id: string) {
    await rest('DELETE', '/auth/api-key/revoke', { id }).catch(toastFault);
    await refresh();
  }
  return (
    <section className="card account-card" aria-labelledby="keys-title">
      <h2 id="keys-title">{t.keys}</h2>
      {keys?.length === 0 && <p className="text-muted">{t.noKeys}</p>}
      <ul>
        {keys?.map((key) => (
          <li key={key.id} className="account-row">
            <KeyRound size={14} className="text-muted" />
            <span className="flex-1">
              {key.name} <code className="text-muted">{key.prefix}…</code>
            </span>
            <span className="text-muted numbers">
              {key.lastUsedAt === null ? t.never : new Date(key.lastUsedAt).toLocaleString(language)}
            </span>
            <button type="button" className="button danger small" onClick={() => void revoke(key.id)}>
              {t.revoke(key.name)}
            </button>
          </li>
        ))}
      </ul>
      {made !== undefined && (
        <p className="made-key" role="status">
          <span>{t.once}</span>
          <code>{made}</code>
          <button
            type="button"
            className="icon-button small"
            aria-label={t.copy}
            onClick={() => void navigator.clipboard.writeText(made)}
          >
            <Copy size={14} />
          </button>
        </p>
      )}
      <form onSubmit={(event) => void make(event)} className="account-form">
        <label className="field">
          <span className="text-second">{t.keyName}</span>
          <input name="name" className="input" required maxLength={100} autoComplete="off" />
        </label>
        <button type="submit" className="button">
          {t.make}
        </button>
      </form>
    </section>
  );
}
