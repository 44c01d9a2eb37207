import { useQuery } from '@tanstack/react-query';
import { ArrowRight, Check, CircleAlert, Code2, Play } from 'lucide-react';
import { type FormEvent, useId, useState } from 'react';
import { register, signIn } from '../../app/session.ts';
import { useText } from '../../i18n/language.ts';
import type { Result } from '../../rpc/contracts.ts';
import { isRpcFault } from '../../rpc/fault.ts';
import { rest } from '../../rpc/http.ts';
import { Logo } from '../../ui/logo.tsx';
import { Preferences } from '../../ui/preferences.tsx';
import { authTexts } from './texts.ts';

const stepIcons = [Code2, Play, Check];
const stepColors = ['var(--accent-1)', 'var(--text-secondary)', 'var(--accent-3)'];

/** Sign-in and registration: one form on the left, what to expect on the right. */
export function SignInView() {
  const t = useText(authTexts);
  const status = useQuery({
    queryKey: ['auth.status'],
    queryFn: () => rest<Result<'auth.status'>>('GET', '/auth/status'),
  }).data;
  return (
    <div className="signin">
      <header className="signin-head">
        <Logo size={24} />
        <strong>CyberDevStudio</strong>
        <span className="flex-1" />
        <Preferences />
      </header>
      <main className="signin-form">
        <SignInForm status={status} />
      </main>
      <footer className="signin-foot text-muted">
        {location.host} · {status?.version === undefined ? '–' : `version ${status.version}`} · {t.ownServer}
      </footer>
      <aside className="signin-steps" aria-hidden="true">
        <ol>
          {t.steps.map(([title, text], index) => {
            const Icon = stepIcons[index] ?? Check;
            return (
              <li key={title}>
                <span
                  className="signin-step-icon"
                  style={{ borderColor: stepColors[index], color: stepColors[index] }}
                >
                  <Icon size={20} strokeWidth={1.75} />
                </span>
                <div>
                  <h2>{title}</h2>
                  <p className="text-second">{text}</p>
                </div>
              </li>
            );
          })}
        </ol>
      </aside>
    </div>
  );
}

function SignInForm({ status }: { status: Result<'auth.status'> | undefined }) {
  const t = useText(authTexts);
  const [mode, setMode] = useState<'signIn' | 'register'>('signIn');
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const errorId = useId();
  const registering = mode === 'register';

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const username = String(form.get('username') ?? '');
    const password = String(form.get('password') ?? '');
    const inviteCode = String(form.get('inviteCode') ?? '');
    setBusy(true);
    setProblem(undefined);
    try {
      if (registering) await register({ username, password, ...(inviteCode === '' ? {} : { inviteCode }) });
      else await signIn({ username, password });
    } catch (error) {
      setProblem(isRpcFault(error) ? `${error.message} ${error.hint}` : String(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <form onSubmit={(event) => void submit(event)} className="signin-fields" aria-busy={busy}>
      <div>
        <h1 className="signin-title">{registering ? t.register : t.signIn}</h1>
        <p className="text-second signin-promise">{t.promise}</p>
      </div>
      {status?.firstRun === true &&
        status.firstAdmin !== null &&
        status.firstPasswordFile !== null &&
        !registering && (
          <p className="chip warning signin-first">
            {t.firstRun(status.firstAdmin, status.firstPasswordFile)}
          </p>
        )}
      <Field
        name="username"
        label={t.username}
        autoComplete="username"
        invalid={problem !== undefined}
        errorId={errorId}
      />
      <Field
        name="password"
        label={t.password}
        type="password"
        autoComplete={registering ? 'new-password' : 'current-password'}
        invalid={problem !== undefined}
        errorId={errorId}
        hint={registering && status !== undefined ? t.passwordHint(status.minimumPasswordLength) : undefined}
      />
      {registering && status?.registration === 'invite' && (
        <Field name="inviteCode" label={t.inviteCode} autoComplete="off" />
      )}
      {problem !== undefined && (
        <p id={errorId} role="alert" className="signin-problem">
          <CircleAlert size={16} /> <span>{problem}</span>
        </p>
      )}
      <button type="submit" className="button primary large" disabled={busy}>
        {registering ? t.register : t.signIn} <ArrowRight size={16} />
      </button>
      {status !== undefined && status.registration !== 'closed' && (
        <button
          type="button"
          className="button large"
          onClick={() => setMode(registering ? 'signIn' : 'register')}
        >
          {registering ? t.toSignIn : t.toRegister}
        </button>
      )}
    </form>
  );
}

interface FieldProps {
  name: string;
  label: string;
  type?: string;
  autoComplete: string;
  invalid?: boolean;
  errorId?: string;
  hint?: string | undefined;
}

function Field({ name, label, type = 'text', autoComplete, invalid = false, errorId, hint }: FieldProps) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        name={name}
        type={type}
        className="input large"
        autoComplete={autoComplete}
        required={name !== 'inviteCode'}
        aria-invalid={invalid}
        {...(invalid && errorId !== undefined ? { 'aria-describedby': errorId } : {})}
      />
      {hint !== undefined && <span className="hint">{hint}</span>}
    </div>
  );
}
