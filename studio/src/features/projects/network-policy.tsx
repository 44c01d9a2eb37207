import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useId, useState } from 'react';
import { queryClient } from '../../app/query-client.ts';
import { useText } from '../../i18n/language.ts';
import { rpc } from '../../rpc/client.ts';
import { PanelError } from '../../ui/panel-boundary.tsx';
import { toast } from '../../ui/toasts.tsx';

export const networkKey = (projectId: string) => ['project', projectId, 'network'];

/** Which hosts the programs of a project may reach: none, unless they are named here. */
export function NetworkPolicy({ projectId, editable }: { projectId: string; editable: boolean }) {
  const t = useText('projects');
  const hostsId = useId();
  const [problem, setProblem] = useState<string>();
  const policy = useQuery({
    queryKey: networkKey(projectId),
    queryFn: () => rpc.call('sandbox.network.get', { projectId }),
  });
  if (policy.data === undefined) {
    return policy.error === null ? null : (
      <PanelError error={policy.error} retry={() => void policy.refetch()} />
    );
  }

  async function save(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const hosts = String(new FormData(event.currentTarget).get('hosts') ?? '')
      .split(/[\s,]+/)
      .filter((host) => host !== '');
    try {
      const mode = hosts.length === 0 ? 'off' : 'allowList';
      const saved = await rpc.call('sandbox.network.set', { projectId, mode, hosts });
      queryClient.setQueryData(networkKey(projectId), saved);
      setProblem(undefined);
      toast({ title: mode === 'off' ? t('networkOff') : t('networkOn', { count: hosts.length }) });
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  }

  return (
    <section className="card section" aria-labelledby="network-title">
      <header>
        <h2 id="network-title">{t('network')}</h2>
        <span className="chip">{policy.data.mode === 'off' ? t('networkIsOff') : t('networkIsOn')}</span>
      </header>
      <form onSubmit={(event) => void save(event)} className="section-body">
        <div className="field">
          <label htmlFor={hostsId}>{t('hosts')}</label>
          <textarea
            id={hostsId}
            name="hosts"
            className="input host-list"
            defaultValue={policy.data.hosts.join('\n')}
            disabled={!editable}
            aria-describedby={`${hostsId}-below`}
            spellCheck={false}
          />
          <span id={`${hostsId}-below`} className={problem === undefined ? 'hint' : 'error'}>
            {problem ?? t('hostsHint')}
          </span>
        </div>
        {editable && (
          <div className="row">
            <button type="submit" className="button">
              {t('saveNetwork')}
            </button>
          </div>
        )}
      </form>
    </section>
  );
}
