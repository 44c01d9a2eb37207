import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { statusQuery } from '../../app/queries.ts';
import { queryClient } from '../../app/query-client.ts';
import { useText } from '../../i18n/language.ts';
import { isRpcFault } from '../../rpc/fault.ts';
import { rest } from '../../rpc/http.ts';
import { Field } from '../../ui/field.tsx';
import { toast } from '../../ui/toasts.tsx';

interface Problem {
  readonly field: 'currentPassword' | 'newPassword';
  readonly text: string;
}

/** A new password; every other session ends. */
export function Password() {
  const t = useText('account');
  const [problem, setProblem] = useState<Problem>();
  const [busy, setBusy] = useState(false);
  const status = useQuery(statusQuery).data;

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const element = event.currentTarget;
    const form = new FormData(element);
    setBusy(true);
    setProblem(undefined);
    try {
      await rest('POST', '/auth/password', Object.fromEntries(form));
      element.reset();
      toast({ title: t('passwordChanged'), detail: t('passwordChangedDetail') });
      await queryClient.invalidateQueries({ queryKey: ['auth.sessions'] });
    } catch (error) {
      const wrong = isRpcFault(error, 'auth.invalid_credentials');
      const text = isRpcFault(error) ? `${error.message} ${error.hint}` : String(error);
      setProblem({
        field: wrong ? 'currentPassword' : 'newPassword',
        text: wrong ? t('currentWrong') : text,
      });
    } finally {
      setBusy(false);
    }
  }

  const errorOf = (field: Problem['field']) => (problem?.field === field ? problem.text : undefined);
  return (
    <section className="card section narrow" aria-label={t('password')}>
      <form onSubmit={(event) => void submit(event)} className="section-body">
        <p className="text-second">{t('passwordText')}</p>
        <Field
          name="currentPassword"
          type="password"
          label={t('currentPassword')}
          autoComplete="current-password"
          error={errorOf('currentPassword')}
          required
        />
        <Field
          name="newPassword"
          type="password"
          label={t('newPassword')}
          autoComplete="new-password"
          hint={status === undefined ? undefined : t('passwordHint', { count: status.minimumPasswordLength })}
          error={errorOf('newPassword')}
          required
        />
        <div className="row">
          <button type="submit" className="button primary" aria-busy={busy}>
            {t('changePassword')}
          </button>
        </div>
      </form>
    </section>
  );
}
