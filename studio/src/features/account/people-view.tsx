import './account.css';
import { Dialog } from '@base-ui/react/dialog';
import { useQuery } from '@tanstack/react-query';
import { Trash2, UserPlus } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { queryClient } from '../../app/query-client.ts';
import { useLanguage, useText } from '../../i18n/language.ts';
import type { Result } from '../../rpc/contracts.ts';
import { rest } from '../../rpc/http.ts';
import { PanelError } from '../../ui/panel-boundary.tsx';
import { toastFault } from '../../ui/toasts.tsx';
import { accountTexts } from './texts.ts';

type Person = Result<'admin.users.list'>['users'][number];

async function attempt(work: Promise<unknown>): Promise<void> {
  await work.catch(toastFault);
  await queryClient.invalidateQueries({ queryKey: ['people'] });
}

/** For administrators: who may use this server, as what, and with how many tokens. */
export function PeopleView() {
  const t = useText(accountTexts);
  const list = useQuery({
    queryKey: ['people'],
    queryFn: () => rest<Result<'admin.users.list'>>('GET', '/admin/users?limit=200'),
  });
  const [leaving, setLeaving] = useState<Person>();
  if (list.error !== null) return <PanelError error={list.error} retry={() => void list.refetch()} />;
  return (
    <div className="account people">
      <h1>{t.people}</h1>
      <table className="people-table">
        <thead>
          <tr>
            <th scope="col">{t.name}</th>
            <th scope="col">{t.role}</th>
            <th scope="col" className="numbers">
              {t.tokens}
            </th>
            <th scope="col">{t.since}</th>
            <th scope="col">
              <span className="visually-hidden">{t.confirmDo}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {list.data?.users.map((person) => (
            <PersonRow key={person.id} person={person} onRemove={() => setLeaving(person)} />
          ))}
        </tbody>
      </table>
      <CreatePerson />
      <Dialog.Root open={leaving !== undefined} onOpenChange={(open) => !open && setLeaving(undefined)}>
        <Dialog.Portal>
          <Dialog.Backdrop className="dialog-backdrop" />
          <Dialog.Popup className="dialog">
            <Dialog.Title>{t.confirm(leaving?.username ?? '')}</Dialog.Title>
            <Dialog.Description className="text-second">{t.confirmText}</Dialog.Description>
            <div className="dialog-actions">
              <Dialog.Close className="button">{t.cancel}</Dialog.Close>
              <Dialog.Close
                className="button danger-solid"
                onClick={() =>
                  leaving !== undefined && void attempt(rest('DELETE', `/admin/users/${leaving.id}`))
                }
              >
                {t.confirmDo}
              </Dialog.Close>
            </div>
          </Dialog.Popup>
        </Dialog.Portal>
      </Dialog.Root>
    </div>
  );
}

function PersonRow({ person, onRemove }: { person: Person; onRemove: () => void }) {
  const t = useText(accountTexts);
  const language = useLanguage();
  return (
    <tr>
      <td>{person.username}</td>
      <td>
        <select
          className="input"
          aria-label={`${t.role}: ${person.username}`}
          value={person.role}
          onChange={(event) =>
            void attempt(rest('PUT', `/admin/users/${person.id}/role`, { role: event.target.value }))
          }
        >
          {(['viewer', 'developer', 'admin'] as const).map((role) => (
            <option key={role} value={role}>
              {t.roles[role]}
            </option>
          ))}
        </select>
      </td>
      <td className="numbers">{person.tokenBalance.toLocaleString(language)}</td>
      <td className="numbers">{new Date(person.createdAt).toLocaleDateString(language)}</td>
      <td>
        <button
          type="button"
          className="icon-button"
          aria-label={t.remove(person.username)}
          onClick={onRemove}
        >
          <Trash2 size={14} />
        </button>
      </td>
    </tr>
  );
}

function CreatePerson() {
  const t = useText(accountTexts);
  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const element = event.currentTarget;
    const form = new FormData(element);
    await attempt(
      rest('POST', '/admin/users', {
        username: form.get('username'),
        password: form.get('password'),
        role: form.get('role'),
      }).then(() => element.reset()),
    );
  }
  return (
    <form onSubmit={(event) => void submit(event)} className="card account-card account-form">
      <label className="field">
        <span className="text-second">{t.name}</span>
        <input name="username" className="input" required autoComplete="off" />
      </label>
      <label className="field">
        <span className="text-second">{t.firstPassword}</span>
        <input
          name="password"
          type="password"
          className="input"
          required
          minLength={10}
          autoComplete="new-password"
        />
      </label>
      <label className="field">
        <span className="text-second">{t.role}</span>
        <select name="role" className="input" defaultValue="developer">
          {(['viewer', 'developer', 'admin'] as const).map((role) => (
            <option key={role} value={role}>
              {t.roles[role]}
            </option>
          ))}
        </select>
      </label>
      <button type="submit" className="button primary">
        <UserPlus size={14} /> {t.create}
      </button>
    </form>
  );
}
