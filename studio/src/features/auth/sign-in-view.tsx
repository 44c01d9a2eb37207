import '../../ui/entry.css';
import { useQuery } from '@tanstack/react-query';
import { ArrowRight, Check, CircleAlert, Code2, Play } from 'lucide-react';
import { type FormEvent, useId, useState } from 'react';
import { statusQuery } from '../../app/queries.ts';
import { register, signIn } from '../../app/session.ts';
import { useText } from '../../i18n/language.ts';
import type { Result } from '../../rpc/contracts.ts';
import { isRpcFault } from '../../rpc/fault.ts';
import { EntryFoot, EntryHead } from '../../ui/entry.tsx';
import { Field } from '../../ui/field.tsx';

type Status = Result<'auth.status'>;

/** Sign-in and registration: one form on the left, what to expect on the right. */
export function SignInView() {
  const t = useText('auth');
  const status = useQuery(statusQuery);
  return (
    <div className="entry">
      <main className="entry-form">
        <EntryHead />
        <SignInForm status={status.data} />
        <EntryFoot version={status.data?.version} />
      </main>
      <aside className="entry-stage" aria-label={t('story')}>
        <div className="horizon" />
        <ol className="story">
          <li className="tone-you">
            <span className="node">
              <Code2 size={20} />
            </span>
            <div>
              <h2>{t('writeTitle')}</h2>
              <p>{t('writeText')}</p>
            </div>
          </li>
          <li className="text-second">
            <span className="node">
              <Play size={20} />
            </span>
            <div>
              <h2>{t('runTitle')}</h2>
              <p>{t('runText')}</p>
              <pre className="peek" aria-hidden="true">
                <span className="text-muted">$</span> node src/server.ts{'\n'}
                <span className="tone-danger">── {t('peek')} ──</span>
              </pre>
            </div>
          </li>
          <li className="tone-success">
            <span className="node">
              <Check size={20} />
            </span>
            <div>
              <h2>{t('keepTitle')}</h2>
              <p>{t('keepText')}</p>
            </div>
          </li>
        </ol>
      </aside>
    </div>
  );
}

/** Which field a refusal belongs to; undefined for one of the whole form. */
function fieldOf(code: string): 'username' | 'password' | 'inviteCode' | undefined {
  if (code.startsWith('auth.username')) return 'username';
  if (code.startsWith('auth.password')) return 'password';
  if (code.startsWith('auth.invite')) return 'inviteCode';
  return undefined;
}

interface Problem {
  readonly field: ReturnType<typeof fieldOf>;
  readonly text: string;
}

function SignInForm({ status }: { status: Status | undefined }) {
  const t = useText('auth');
  const [registering, setRegistering] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const [busy, setBusy] = useState(false);
  const problemId = useId();

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    if (busy) return;
    const form = new FormData(event.currentTarget);
    const username = String(form.get('username') ?? '').trim();
    const password = String(form.get('password') ?? '');
    const inviteCode = String(form.get('inviteCode') ?? '').trim();
    setBusy(true);
    setProblem(undefined);
    try {
      if (registering) await register({ username, password, ...(inviteCode === '' ? {} : { inviteCode }) });
      else await signIn({ username, password });
    } catch (error) {
      const known = isRpcFault(error);
      const text = known ? `${error.message} ${error.hint}` : String(error);
      setProblem({ field: known ? fieldOf(error.code) : undefined, text });
    } finally {
      setBusy(false);
    }
  }

  const errorOf = (field: Problem['field']) => (problem?.field === field ? problem?.text : undefined);
  const first =
    status?.firstRun === true && status.firstAdmin !== null
      ? { name: status.firstAdmin, file: status.firstPasswordFile }
      : undefined;
  return (
    <div>
      <h1>{registering ? t('register') : t('signIn')}</h1>
      <p className="entry-lead">{t('promise')}</p>
      {first !== undefined && !registering && (
        <p className="entry-note" role="note">
          {first.file === null
            ? t('firstRun', { name: first.name })
            : t('firstRunFile', { name: first.name, file: first.file })}
        </p>
      )}
      <form onSubmit={(event) => void submit(event)} key={String(registering)}>
        <Field
          large
          name="username"
          label={t('username')}
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          defaultValue={registering ? '' : (first?.name ?? '')}
          error={errorOf('username')}
          maxLength={200}
          required
          autoFocus
        />
        <Field
          large
          name="password"
          type="password"
          label={t('password')}
          autoComplete={registering ? 'new-password' : 'current-password'}
          hint={
            registering && status !== undefined
              ? t('passwordHint', { count: status.minimumPasswordLength })
              : undefined
          }
          error={errorOf('password')}
          maxLength={1024}
          required
        />
        {registering && status?.registration === 'invite' && (
          <Field
            large
            name="inviteCode"
            label={t('inviteCode')}
            autoComplete="off"
            error={errorOf('inviteCode')}
            required
          />
        )}
        {problem !== undefined && problem.field === undefined && (
          <p id={problemId} role="alert" className="entry-problem">
            <CircleAlert size={16} /> <span>{problem.text}</span>
          </p>
        )}
        <button type="submit" className="button primary large" aria-busy={busy}>
          {registering ? t('register') : t('signIn')} <ArrowRight size={16} />
        </button>
        {status !== undefined && status.registration !== 'closed' && (
          <button
            type="button"
            className="button large"
            onClick={() => {
              setProblem(undefined);
              setRegistering(!registering);
            }}
          >
            {registering ? t('toSignIn') : t('toRegister')}
          </button>
        )}
        {status?.registration === 'closed' && <p className="text-muted">{t('closed')}</p>}
      </form>
    </div>
  );
}
