import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { queryClient } from '../../app/query-client.ts';
import { useText } from '../../i18n/language.ts';
import { rpc } from '../../rpc/client.ts';
import { PanelError } from '../../ui/panel-boundary.tsx';
import { SkeletonLines } from '../../ui/skeleton.tsx';
import { toast, toastFault } from '../../ui/toasts.tsx';

const states = { approved: 'success', new: '', changed: 'warning', unusable: 'danger' } as const;

/** What a server offers at this moment, to be read and approved word by word. */
export function ConnectionTools({
  connectionId,
  onApproved,
}: {
  connectionId: string;
  onApproved: () => Promise<void>;
}) {
  const t = useText('projects');
  const key = ['connection', connectionId, 'test'];
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const tested = useQuery({
    queryKey: key,
    queryFn: () => rpc.call('connection.test', { connectionId }),
    retry: false,
    staleTime: 0,
    gcTime: 0,
  });
  if (tested.isFetching) return <SkeletonLines />;
  if (tested.data === undefined) {
    return <PanelError error={tested.error} retry={() => void tested.refetch()} />;
  }
  const { server, tools, durationMs } = tested.data;
  const usable = tools.filter(({ state }) => state !== 'unusable');

  async function approve() {
    const chosen = usable.filter(({ name }) => !left.has(name)).map(({ name, hash }) => ({ name, hash }));
    try {
      await rpc.call('connection.approve', { connectionId, tools: chosen });
      toast({ title: t('connectionApproved', { count: chosen.length }) });
    } catch (error) {
      toastFault(error);
    }
    await Promise.all([queryClient.invalidateQueries({ queryKey: key }), onApproved()]);
  }

  return (
    <div className="connection-tools">
      <p className="text-muted" role="status">
        {t('connectionWorks', {
          name: `${server.name} ${server.version}`.trim(),
          ms: Math.round(durationMs),
        })}
      </p>
      {tools.length > 0 && <p>{t('connectionReview')}</p>}
      <ul>
        {tools.map(({ name, state, description, reason }, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a server may name two tools alike
          <li key={`${name}-${index}`}>
            <label className="check-line">
              <input
                type="checkbox"
                disabled={state === 'unusable'}
                checked={state !== 'unusable' && !left.has(name)}
                onChange={(event) => {
                  const next = new Set(left);
                  if (event.target.checked) next.delete(name);
                  else next.add(name);
                  setLeft(next);
                }}
              />
              <code>{name}</code>
            </label>
            <span className={`chip ${states[state]}`}>{t(`connectionStates.${state}`)}</span>
            <p className="text-second">{reason ?? description}</p>
          </li>
        ))}
      </ul>
      {usable.length > 0 && (
        <button type="button" className="button" onClick={() => void approve()}>
          {t('connectionApprove')}
        </button>
      )}
    </div>
  );
}
