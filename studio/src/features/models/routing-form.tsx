import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useText } from '../../i18n/language.ts';
import { rpc } from '../../rpc/client.ts';
import { Field } from '../../ui/field.tsx';
import { PanelError } from '../../ui/panel-boundary.tsx';
import { SkeletonLines } from '../../ui/skeleton.tsx';
import { toast } from '../../ui/toasts.tsx';
import { refreshModels, routingQuery } from './model-queries.ts';

const tasks = ['autocomplete', 'code', 'refactor', 'chat', 'embed'] as const;

/** Which models serve which task, in the order of trying. */
export function RoutingForm() {
  const t = useText('models');
  const routing = useQuery(routingQuery);
  const [problem, setProblem] = useState<string>();
  const routes = routing.data;

  async function save(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    if (routes === undefined) return;
    const form = new FormData(event.currentTarget);
    const route = (task: (typeof tasks)[number]) => ({
      temperature: routes[task].temperature,
      models: String(form.get(task) ?? '')
        .split(',')
        .map((name) => name.trim())
        .filter((name) => name !== ''),
    });
    try {
      await rpc.call('admin.routing.update', {
        autocomplete: route('autocomplete'),
        code: route('code'),
        refactor: route('refactor'),
        chat: route('chat'),
        embed: route('embed'),
      });
      setProblem(undefined);
      toast({ title: t('routingSaved') });
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
    await refreshModels();
  }

  if (routing.error !== null && routes === undefined) {
    return <PanelError error={routing.error} retry={() => void routing.refetch()} />;
  }
  return (
    <section className="card section" aria-labelledby="routing-title">
      <header>
        <h2 id="routing-title">{t('routing')}</h2>
      </header>
      {routes === undefined ? (
        <SkeletonLines />
      ) : (
        <form onSubmit={(event) => void save(event)} className="section-body">
          <p className="text-second">{t('routingText')}</p>
          <div className="form-grid">
            {tasks.map((task) => (
              <Field
                key={task}
                name={task}
                label={t(`tasks.${task}`)}
                aria-label={t('routeModels', { task: t(`tasks.${task}`) })}
                defaultValue={routes[task].models.join(', ')}
                error={task === 'autocomplete' ? problem : undefined}
              />
            ))}
          </div>
          <button type="submit" className="button">
            {t('saveRouting')}
          </button>
        </form>
      )}
    </section>
  );
}
