import { useInfiniteQuery } from '@tanstack/react-query';
import { Coins, KeyRound, MoreHorizontal, Trash2, UserPlus } from 'lucide-react';
import { type FormEvent, useId, useState } from 'react';
import { useUser } from '../../app/session.ts';
import { useLanguage, useText } from '../../i18n/language.ts';
import type { Result } from '../../rpc/contracts.ts';
import { rest } from '../../rpc/http.ts';
import { ConfirmDialog } from '../../ui/confirm-dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { formatInstant } from '../../ui/format.ts';
import { MenuButton } from '../../ui/menu.tsx';
import { PanelError } from '../../ui/panel-boundary.tsx';
import { SkeletonLines } from '../../ui/skeleton.tsx';
import { toast, toastFault } from '../../ui/toasts.tsx';
import { BalanceDialog, PasswordDialog } from './user-dialogs.tsx';
import { type Person, refreshUsers, roles } from './users.ts';

type Asked = { readonly what: 'delete' | 'balance' | 'password'; readonly person: Person };

/** Who may use this server, as what, and with how many tokens. */
export function UsersSection() {
  const t = useText('manage');
  const [query, setQuery] = useState('');
  const [asked, setAsked] = useState<Asked>();
  const list = useInfiniteQuery({
    queryKey: ['users', query],
    queryFn: ({ pageParam }) => {
      const search = new URLSearchParams({ limit: '100' });
      if (query !== '') search.set('query', query);
      if (pageParam !== null) search.set('cursor', pageParam);
      return rest<Result<'admin.users.list'>>('GET', `/admin/users?${search}`);
    },
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor,
    placeholderData: (before) => before,
  });
  const close = () => setAsked(undefined);
  const people = list.data?.pages.flatMap((page) => page.users);

  async function remove(person: Person) {
    try {
      await rest('DELETE', `/admin/users/${person.id}`);
      toast({ title: t('userDeleted', { name: person.username }) });
    } catch (error) {
      toastFault(error);
    }
    await refreshUsers();
  }

  if (list.error !== null && people === undefined) {
    return <PanelError error={list.error} retry={() => void list.refetch()} />;
  }
  return (
    <>
      <CreateUser />
      <section className="card section" aria-label={t('sections.users')}>
        <div className="section-body">
          <Field
            type="search"
            label={t('findUser')}
            value={query}
            onChange={(event) => setQuery(event.target.value)}
          />
        </div>
        {people === undefined ? (
          <SkeletonLines />
        ) : (
          <table className="table">
            <thead>
              <tr>
                <th scope="col">{t('name')}</th>
                <th scope="col">{t('role')}</th>
                <th scope="col">{t('lastSignIn')}</th>
                <th scope="col" className="numbers">
                  {t('tokensLeft')}
                </th>
                <th scope="col">
                  <span className="visually-hidden">{t('actions')}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {people.map((person) => (
                <UserRow key={person.id} person={person} onAsk={(what) => setAsked({ what, person })} />
              ))}
            </tbody>
          </table>
        )}
        {list.hasNextPage && (
          <div className="section-body">
            <button type="button" className="button small" onClick={() => void list.fetchNextPage()}>
              {t('more')}
            </button>
          </div>
        )}
      </section>
      <ConfirmDialog
        open={asked?.what === 'delete'}
        title={t('deleteTitle', { name: asked?.person.username ?? '' })}
        action={t('delete')}
        onClose={close}
        onConfirm={() => asked !== undefined && void remove(asked.person)}
      >
        {t('deleteText')}
      </ConfirmDialog>
      {asked?.what === 'balance' && <BalanceDialog person={asked.person} onClose={close} />}
      {asked?.what === 'password' && <PasswordDialog person={asked.person} onClose={close} />}
    </>
  );
}

function UserRow({ person, onAsk }: { person: Person; onAsk: (what: Asked['what']) => void }) {
  const t = useText('manage');
  const language = useLanguage();
  const self = useUser().id === person.id;
  async function setRole(role: string) {
    try {
      await rest('PUT', `/admin/users/${person.id}/role`, { role });
    } catch (error) {
      toastFault(error);
    }
    await refreshUsers();
  }
  return (
    <tr>
      <td>
        <span className="row">
          <span className="avatar" aria-hidden="true">
            {person.username.slice(0, 2).toUpperCase()}
          </span>
          {person.username}
          {self && <span className="chip">{t('you')}</span>}
        </span>
      </td>
      <td>
        <select
          className="input small"
          aria-label={t('roleOf', { name: person.username })}
          value={person.role}
          onChange={(event) => void setRole(event.target.value)}
        >
          {roles.map((role) => (
            <option key={role} value={role}>
              {t(`roles.${role}`)}
            </option>
          ))}
        </select>
      </td>
      <td className="text-second">
        {person.lastSignInAt === null ? t('never') : formatInstant(person.lastSignInAt, language)}
      </td>
      <td className={person.tokenBalance === 0 ? 'numbers tone-danger' : 'numbers'}>
        {person.tokenBalance === 0 ? t('usedUp') : person.tokenBalance.toLocaleString(language)}
      </td>
      <td className="actions">
        <MenuButton
          className="icon-button"
          label={t('actionsOf', { name: person.username })}
          align="end"
          entries={() => [
            { label: t('setBalance'), icon: <Coins size={14} />, run: () => onAsk('balance') },
            { label: t('setPassword'), icon: <KeyRound size={14} />, run: () => onAsk('password') },
            'line',
            { label: t('delete'), icon: <Trash2 size={14} />, disabled: self, run: () => onAsk('delete') },
          ]}
        >
          <MoreHorizontal size={16} />
        </MenuButton>
      </td>
    </tr>
  );
}

function CreateUser() {
  const t = useText('manage');
  const roleId = useId();
  const [problem, setProblem] = useState<string>();
  async function create(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const element = event.currentTarget;
    const form = new FormData(element);
    const username = String(form.get('username') ?? '').trim();
    try {
      await rest('POST', '/admin/users', {
        username,
        password: form.get('password'),
        role: form.get('role'),
      });
      setProblem(undefined);
      element.reset();
      toast({ title: t('userCreated', { name: username }) });
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
    await refreshUsers();
  }
  return (
    <section className="card section" aria-labelledby="create-user-title">
      <header>
        <h2 id="create-user-title">{t('createTitle')}</h2>
      </header>
      <form onSubmit={(event) => void create(event)} className="section-body form-line">
        <Field
          name="username"
          label={t('username')}
          maxLength={64}
          autoComplete="off"
          required
          error={problem}
        />
        <Field
          name="password"
          type="password"
          label={t('firstPassword')}
          autoComplete="new-password"
          maxLength={1024}
          required
        />
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
        <button type="submit" className="button primary">
          <UserPlus size={14} /> {t('create')}
        </button>
      </form>
    </section>
  );
}
