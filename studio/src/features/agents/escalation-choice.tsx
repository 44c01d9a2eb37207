import { useQuery } from '@tanstack/react-query';
import { useId } from 'react';
import { useText } from '../../i18n/language.ts';
import { useStore } from '../../ui/store.ts';
import { agentSettingsQuery } from './agent-queries.ts';
import { changeDraft, draftOf } from './draft.ts';
import { ModelOptions } from './model-options.tsx';

const byProject = '';
const none = '-';

/** Which model goes on when the first does not manage: as the project says, none, or one that is named here. */
export function EscalationChoice({ projectId }: { projectId: string }) {
  const t = useText('agents');
  const id = useId();
  const { escalateTo } = useStore(draftOf(projectId));
  const ofProject = useQuery(agentSettingsQuery(projectId)).data?.escalateTo;
  return (
    <div className="field wide">
      <label htmlFor={id}>{t('escalation')}</label>
      <select
        id={id}
        className="input"
        value={escalateTo === undefined ? byProject : (escalateTo ?? none)}
        aria-describedby={`${id}-below`}
        onChange={({ target: { value } }) =>
          changeDraft(projectId, {
            escalateTo: value === byProject ? undefined : value === none ? null : value,
          })
        }
      >
        <option value={byProject}>
          {ofProject === undefined
            ? t('escalationByProject')
            : t('escalationAsProject', { choice: ofProject ?? t('escalationNone') })}
        </option>
        <option value={none}>{t('escalationNone')}</option>
        <ModelOptions chosen={escalateTo} />
      </select>
      <span id={`${id}-below`} className="hint">
        {t('escalationHint')}
      </span>
    </div>
  );
}
