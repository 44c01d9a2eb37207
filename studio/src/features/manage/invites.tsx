import { useQuery } from '@tanstack/react-query';
import { MailPlus } from 'lucide-react';
import { type FormEvent, useId, useState } from 'react';
import { queryClient } from '../../app/query-client.ts';
import { useLanguage, useText } from '../../i18n/language.ts';
import type { Result } from '../../rpc/contracts.ts';
import { rest } from '../../rpc/http.ts';
import { Field } from '../../ui/field.tsx';
import { formatInstant } from '../../ui/format.ts';
import { PanelError } from '../../ui/panel-boundary.tsx';
import { SecretOnce } from '../../ui/secret-once.tsx';
import { SkeletonLines } from '../../ui/skeleton.tsx';
import { toastFault } from '../../ui/toasts.tsx';
import { roles } from './users.ts';

const refresh = () => queryClient.invalidateQueries({ queryKey: ['invites'] });

/** Codes with which people register where registration is by invitation. */
export function Invites() {
  const t = useText('manage');
  const language = useLanguage();
  const list = useQuery({
    queryKey: ['invites'],
    queryFn: () => rest<Result<'admin.invites.list'>>('GET', '/admin/invites'),
  });
  async function withdraw(id: string) {
    await rest('DELETE', `/admin/invites/${id}`).catch(toastFault);
    await refresh();
  }
  if (list.data === undefined) {
    if (list.error === null) return <SkeletonLines />;
    return <PanelError error={list.error} retry={() => void list.refetch()} />;
  }
  return (
    <>
      <NewInvite />
      <section className="card section" aria-label={t('sections.invites')}>
        {list.data.invites.length === 0 ? (
          <div className="empty">
            <MailPlus size={24} />
            <strong>{t('noInvitesTitle')}</strong>
            <span>{t('noInvites')}</span>
          </div>
        ) : (
          <table className="table">
            <thead>
              <tr>
                <th scope="col">{t('code')}</th>
                <th scope="col">{t('role')}</th>
                <th scope="col">{t('usesLeft')}</th>
                <th scope="col">{t('validUntil')}</th>
                <th scope="col">
                  <span className="visually-hidden">{t('actions')}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {list.data.invites.map((invite) => (
                <tr key={invite.id}>
                  <td>
                    <code>{invite.prefix}…</code>
                  </td>
                  <td>{t(`roles.${invite.role}`)}</td>
                  <td>{invite.usesLeft}</td>
                  <td className="text-second">{formatInstant(invite.expiresAt, language)}</td>
                  <td className="actions">
                    <button
                      type="button"
                      className="button small danger"
                      aria-label={t('withdrawNamed', { code: invite.prefix })}
                      onClick={() => void withdraw(invite.id)}
                    >
                      {t('withdraw')}
                    </button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </section>
    </>
  );
}

function NewInvite() {
  const t = useText('manage');
  const roleId = useId();
  const [made, setMade] = useState<string>();
  async function make(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    try {
      const { inviteCode } = await rest<Result<'admin.invites.create'>>('POST', '/admin/invites', {
        role: form.get('role'),
        uses: Number(form.get('uses')),
        lifetimeHours: Number(form.get('days')) * 24,
      });
      setMade(inviteCode);
    } catch (error) {
      toastFault(error);
    }
    await refresh();
  }
  return (
    <section className="card section" aria-labelledby="new-invite-title">
      <header>
        <h2 id="new-invite-title">{t('newInvite')}</h2>
      </header>
      {made !== undefined && (
        <SecretOnce secret={made} note={t('codeOnce')} copyLabel={t('copyCode')} copiedText={t('copied')} />
      )}
      <form onSubmit={(event) => void make(event)} className="section-body form-line">
        <div className="field">
          <label htmlFor={roleId}>{t('role')}</label>
          <select id={roleId} name="role" className="input" defaultValue="developer">
            {roles.map((role) => (
              <option key={role} value={role}>
                {t(`roles.${role}`)}
              </option>
            ))}
          </select>
        </div>
        <Field name="uses" type="number" label={t('uses')} defaultValue={1} min={1} max={1000} required />
        <Field name="days" type="number" label={t('validDays')} defaultValue={7} min={1} max={90} required />
        <button type="submit" className="button primary">
          <MailPlus size={14} /> {t('makeInvite')}
        </button>
      </form>
    </section>
  );
}
