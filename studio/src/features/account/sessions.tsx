import { useQuery } from '@tanstack/react-query';
import { queryClient } from '../../app/query-client.ts';
import { useLanguage, useText } from '../../i18n/language.ts';
import type { Result } from '../../rpc/contracts.ts';
import { rest } from '../../rpc/http.ts';
import { formatInstant } from '../../ui/format.ts';
import { PanelError } from '../../ui/panel-boundary.tsx';
import { SkeletonLines } from '../../ui/skeleton.tsx';
import { toast, toastFault } from '../../ui/toasts.tsx';

/** Where one is signed in. */
export function Sessions() {
  const t = useText('account');
  const language = useLanguage();
  const list = useQuery({
    queryKey: ['auth.sessions'],
    queryFn: () => rest<Result<'auth.session.list'>>('GET', '/auth/sessions'),
  });
  async function end(id: string) {
    try {
      await rest('DELETE', `/auth/sessions/${id}`);
      toast({ title: t('sessionEnded') });
    } catch (error) {
      toastFault(error);
    }
    await queryClient.invalidateQueries({ queryKey: ['auth.sessions'] });
  }
  if (list.data === undefined) {
    if (list.error === null) return <SkeletonLines />;
    return <PanelError error={list.error} retry={() => void list.refetch()} />;
  }
  return (
    <section className="card section" aria-label={t('sessions')}>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{t('address')}</th>
            <th scope="col">{t('signedInAt')}</th>
            <th scope="col">{t('lastSeen')}</th>
            <th scope="col">
              <span className="visually-hidden">{t('actions')}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {list.data.sessions.map((session) => (
            <tr key={session.id}>
              <td>
                <code>{session.address}</code>
              </td>
              <td className="text-second">{formatInstant(session.createdAt, language)}</td>
              <td className="text-second">{formatInstant(session.lastSeenAt, language)}</td>
              <td className="actions">
                {session.current ? (
                  <span className="chip success">{t('thisSession')}</span>
                ) : (
                  <button type="button" className="button small danger" onClick={() => void end(session.id)}>
                    {t('endSession')}
                    <span className="visually-hidden"> {session.address}</span>
                  </button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
