import { useQuery } from '@tanstack/react-query';
import { UserPlus, X } from 'lucide-react';
import { type FormEvent, useId, useState } from 'react';
import { queryClient } from '../../app/query-client.ts';
import { useUser } from '../../app/session.ts';
import { useText } from '../../i18n/language.ts';
import { rpc } from '../../rpc/client.ts';
import type { Result } from '../../rpc/contracts.ts';
import { Field } from '../../ui/field.tsx';
import { PanelError } from '../../ui/panel-boundary.tsx';
import { toastFault, toastUndo } from '../../ui/toasts.tsx';

type Member = Result<'project.member.list'>['members'][number];
const roles = ['viewer', 'editor', 'owner'] as const;

/** Who may see and change a project. */
export function Members({ projectId, owner }: { projectId: string; owner: boolean }) {
  const t = useText('projects');
  const queryKey = ['project', projectId, 'members'];
  const list = useQuery({ queryKey, queryFn: () => rpc.call('project.member.list', { projectId }) });
  const refresh = () => queryClient.invalidateQueries({ queryKey });

  async function remove(member: Member) {
    try {
      await rpc.call('project.member.remove', { projectId, userId: member.userId });
      const back = { projectId, username: member.username, role: member.role };
      toastUndo(t('memberRemoved', { name: member.username }), () => {
        void rpc.call('project.member.add', back).catch(toastFault).then(refresh);
      });
    } catch (error) {
      toastFault(error);
    }
    await refresh();
  }

  if (list.error !== null && list.data === undefined) {
    return <PanelError error={list.error} retry={() => void list.refetch()} />;
  }
  return (
    <section className="card section" aria-labelledby="members-title">
      <header>
        <h2 id="members-title">{t('members')}</h2>
      </header>
      <table className="table">
        <tbody>
          {list.data?.members.map((member) => (
            <MemberRow
              key={member.userId}
              member={member}
              owner={owner}
              onRole={async (role) => {
                const change = { projectId, userId: member.userId, role };
                await rpc.call('project.member.setRole', change).catch(toastFault);
                await refresh();
              }}
              onRemove={() => void remove(member)}
            />
          ))}
        </tbody>
      </table>
      {owner && <AddMember projectId={projectId} onAdded={refresh} />}
    </section>
  );
}

interface MemberRowProps {
  readonly member: Member;
  readonly owner: boolean;
  readonly onRole: (role: Member['role']) => Promise<void>;
  readonly onRemove: () => void;
}

function MemberRow({ member, owner, onRole, onRemove }: MemberRowProps) {
  const t = useText('projects');
  const self = useUser().id === member.userId;
  return (
    <tr>
      <td>
        <span className="row">
          <span className="avatar" aria-hidden="true">
            {member.username.slice(0, 2).toUpperCase()}
          </span>
          {member.username}
        </span>
      </td>
      <td>
        {owner ? (
          <select
            className="input small"
            aria-label={t('roleOf', { name: member.username })}
            value={member.role}
            onChange={(event) => void onRole(event.target.value as Member['role'])}
          >
            {roles.map((role) => (
              <option key={role} value={role}>
                {t(`roles.${role}`)}
              </option>
            ))}
          </select>
        ) : (
          t(`roles.${member.role}`)
        )}
      </td>
      <td className="actions">
        {(owner || self) && (
          <button
            type="button"
            className="icon-button"
            aria-label={t('removeMember', { name: member.username })}
            title={t('removeMember', { name: member.username })}
            onClick={onRemove}
          >
            <X size={14} />
          </button>
        )}
      </td>
    </tr>
  );
}

function AddMember({ projectId, onAdded }: { projectId: string; onAdded: () => Promise<void> }) {
  const t = useText('projects');
  const roleId = useId();
  const [problem, setProblem] = useState<string>();
  async function add(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const element = event.currentTarget;
    const form = new FormData(element);
    const username = String(form.get('username') ?? '').trim();
    try {
      await rpc.call('project.member.add', { projectId, username, role: form.get('role') as Member['role'] });
      setProblem(undefined);
      element.reset();
      await onAdded();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  }
  return (
    <form onSubmit={(event) => void add(event)} className="section-body form-line">
      <Field
        name="username"
        label={t('username')}
        maxLength={200}
        autoComplete="off"
        required
        error={problem}
      />
      <div className="field">
        <label htmlFor={roleId}>{t('role')}</label>
        <select id={roleId} name="role" className="input" defaultValue="editor">
          {roles.map((role) => (
            <option key={role} value={role}>
              {t(`roles.${role}`)}
            </option>
          ))}
        </select>
      </div>
      <button type="submit" className="button">
        <UserPlus size={14} /> {t('addMember')}
      </button>
    </form>
  );
}
