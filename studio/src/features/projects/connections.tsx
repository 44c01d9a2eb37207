import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useId, useState } from 'react';
import { queryClient } from '../../app/query-client.ts';
import { useText } from '../../i18n/language.ts';
import { rpc } from '../../rpc/client.ts';
import type { Result } from '../../rpc/contracts.ts';
import { ConfirmDialog } from '../../ui/confirm-dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { PanelError } from '../../ui/panel-boundary.tsx';
import { toast, toastFault } from '../../ui/toasts.tsx';
import { ConnectionTools } from './connection-tools.tsx';

type Connection = Result<'connection.list'>['connections'][number];

const connectionsKey = (projectId: string) => ['project', projectId, 'connections'];

/** What a project connects to: MCP servers whose tools agents may use, and agents of others. */
export function Connections({ projectId, editable }: { projectId: string; editable: boolean }) {
  const t = useText('projects');
  const [tested, setTested] = useState<string>();
  const [leaving, setLeaving] = useState<Connection>();
  const list = useQuery({
    queryKey: connectionsKey(projectId),
    queryFn: () => rpc.call('connection.list', { projectId }),
  });
  if (list.data === undefined) {
    return list.error === null ? null : <PanelError error={list.error} retry={() => void list.refetch()} />;
  }
  const refresh = () => queryClient.invalidateQueries({ queryKey: connectionsKey(projectId) });

  async function remove({ connectionId, name }: Connection) {
    try {
      await rpc.call('connection.remove', { connectionId });
      toast({ title: t('connectionRemoved', { name }) });
    } catch (error) {
      toastFault(error);
    }
    await refresh();
  }

  return (
    <section className="card section" aria-labelledby="connections-title">
      <header>
        <h2 id="connections-title">{t('connections')}</h2>
      </header>
      <p className="section-body text-second">{t('connectionsText')}</p>
      {list.data.connections.map((connection) => (
        <div key={connection.connectionId} className="section-body connection">
          <div className="row">
            <strong>{connection.name}</strong>
            <span className="chip">{t(`connectionKinds.${connection.kind}`)}</span>
            <code className="text-muted grow connection-target">
              {connection.url ?? [connection.command, ...connection.args].join(' ')}
            </code>
            {editable && (
              <>
                <button
                  type="button"
                  className="button small"
                  aria-expanded={tested === connection.connectionId}
                  onClick={() =>
                    setTested(tested === connection.connectionId ? undefined : connection.connectionId)
                  }
                >
                  {t('connectionTest')}
                </button>
                <button
                  type="button"
                  className="button small danger"
                  aria-label={t('connectionRemoveNamed', { name: connection.name })}
                  onClick={() => setLeaving(connection)}
                >
                  {t('connectionRemove')}
                </button>
              </>
            )}
          </div>
          <p className="text-muted">
            {connection.kind === 'agent'
              ? t('connectionModel', { name: connection.name })
              : t('connectionApproved', { count: connection.approved.length })}
            {connection.secretNames.length > 0 &&
              ` · ${t('connectionSecrets', { names: connection.secretNames.join(', ') })}`}
            {connection.network && ` · ${t('connectionNetwork')}`}
          </p>
          {tested === connection.connectionId && (
            <ConnectionTools connectionId={connection.connectionId} onApproved={refresh} />
          )}
        </div>
      ))}
      {editable && <NewConnection projectId={projectId} onAdded={refresh} />}
      <ConfirmDialog
        open={leaving !== undefined}
        title={t('connectionRemoveTitle', { name: leaving?.name ?? '' })}
        action={t('connectionRemove')}
        onClose={() => setLeaving(undefined)}
        onConfirm={() => leaving !== undefined && void remove(leaving)}
      >
        {t('connectionRemoveText')}
      </ConfirmDialog>
    </section>
  );
}

const kinds = ['stdio', 'http', 'agent'] as const;

function NewConnection({ projectId, onAdded }: { projectId: string; onAdded: () => Promise<void> }) {
  const t = useText('projects');
  const kindId = useId();
  const networkId = useId();
  const hintId = useId();
  const [kind, setKind] = useState<(typeof kinds)[number]>('stdio');
  const [problem, setProblem] = useState<string>();

  async function add(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const element = event.currentTarget;
    const form = new FormData(element);
    const text = (field: string) => String(form.get(field) ?? '').trim();
    const [command, ...args] = text('target').split(/\s+/);
    const secretName = text('secretName');
    try {
      await rpc.call('connection.add', {
        projectId,
        name: text('name'),
        kind,
        ...(kind === 'http' ? { url: text('target') } : { command, args }),
        network: form.get('network') === 'on',
        ...(secretName === '' ? {} : { secrets: { [secretName]: text('secret') } }),
      });
      setProblem(undefined);
      element.reset();
      setKind('stdio');
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
    await onAdded();
  }

  return (
    <form onSubmit={(event) => void add(event)} className="section-body">
      <div className="form-line">
        <div className="field">
          <label htmlFor={kindId}>{t('connectionKind')}</label>
          <select
            id={kindId}
            className="input"
            value={kind}
            onChange={(event) => setKind(kinds.find((one) => one === event.target.value) ?? 'stdio')}
          >
            {kinds.map((one) => (
              <option key={one} value={one}>
                {t(`connectionKinds.${one}`)}
              </option>
            ))}
          </select>
        </div>
        <Field name="name" label={t('name')} maxLength={40} required autoComplete="off" error={problem} />
        <Field
          name="target"
          className="grow"
          label={kind === 'http' ? t('connectionUrl') : t('connectionCommand')}
          placeholder={kind === 'http' ? 'https://mcp.example.org/mcp' : 'node server.mjs'}
          type={kind === 'http' ? 'url' : 'text'}
          required
          autoComplete="off"
          spellCheck={false}
        />
      </div>
      <div className="form-line">
        <Field
          name="secretName"
          label={kind === 'http' ? t('connectionHeader') : t('connectionVariable')}
          placeholder={kind === 'http' ? 'Authorization' : 'API_TOKEN'}
          autoComplete="off"
          spellCheck={false}
        />
        <Field
          name="secret"
          className="grow"
          label={t('connectionSecret')}
          type="password"
          autoComplete="new-password"
          aria-describedby={hintId}
        />
      </div>
      <span id={hintId} className="text-muted">
        {t('connectionSecretHint')}
      </span>
      <div className="row">
        {kind !== 'http' && (
          <label className="check-line grow" htmlFor={networkId}>
            <input id={networkId} type="checkbox" name="network" /> {t('connectionNetworkField')}
          </label>
        )}
        <button type="submit" className="button">
          {t('connectionAdd')}
        </button>
      </div>
    </form>
  );
}
