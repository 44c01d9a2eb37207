import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useId } from 'react';
import { chatModelsQuery } from '../../app/queries.ts';
import { queryClient } from '../../app/query-client.ts';
import { useText } from '../../i18n/language.ts';
import { rpc } from '../../rpc/client.ts';
import { PanelError } from '../../ui/panel-boundary.tsx';
import { toast, toastFault } from '../../ui/toasts.tsx';
import { agentSettingsQuery } from '../agents/agent-queries.ts';
import { ModelOptions } from '../agents/model-options.tsx';

/** Which model may go on in a project's tasks where the first does not manage: none, unless its owners name one. */
export function AgentPolicy({ projectId, editable }: { projectId: string; editable: boolean }) {
  const t = useText('projects');
  const id = useId();
  const settings = useQuery(agentSettingsQuery(projectId));
  const models = useQuery(chatModelsQuery).data;
  if (settings.data === undefined) {
    return settings.error === null ? null : (
      <PanelError error={settings.error} retry={() => void settings.refetch()} />
    );
  }
  const { escalateTo } = settings.data;

  async function save(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const wanted = String(new FormData(event.currentTarget).get('model') ?? '');
    try {
      const saved = await rpc.call('agent.settings.set', {
        projectId,
        escalateTo: wanted === '' ? null : wanted,
      });
      queryClient.setQueryData(agentSettingsQuery(projectId).queryKey, saved);
      toast({
        title:
          saved.escalateTo === null ? t('escalationOff') : t('escalationOn', { model: saved.escalateTo }),
      });
    } catch (error) {
      toastFault(error);
    }
  }

  return (
    <section className="card section" aria-labelledby={`${id}-title`}>
      <header>
        <h2 id={`${id}-title`}>{t('agents')}</h2>
        {escalateTo !== null && <span className="chip">{escalateTo}</span>}
      </header>
      <form onSubmit={(event) => void save(event)} className="section-body">
        <div className="field">
          <label htmlFor={id}>{t('escalation')}</label>
          <select
            // A list that came later must still show what is chosen.
            key={`${escalateTo} ${models?.length}`}
            id={id}
            name="model"
            className="input"
            defaultValue={escalateTo ?? ''}
            disabled={!editable}
            aria-describedby={`${id}-below`}
          >
            <option value="">{t('escalationNone')}</option>
            <ModelOptions chosen={escalateTo} />
          </select>
          <span id={`${id}-below`} className="hint">
            {t('escalationHint')}
          </span>
        </div>
        {editable && (
          <div className="row">
            <button type="submit" className="button">
              {t('saveEscalation')}
            </button>
          </div>
        )}
      </form>
    </section>
  );
}
