import { useQuery } from '@tanstack/react-query';
import { CircleCheck, TriangleAlert } from 'lucide-react';
import { useLanguage, useText } from '../../i18n/language.ts';
import { rpc } from '../../rpc/client.ts';
import { projectTexts } from './texts.ts';

/** What this server can run, with the command that brings what lacks. */
export function ServerChecks() {
  const t = useText(projectTexts);
  const language = useLanguage();
  const engines = useQuery({
    queryKey: ['engines'],
    queryFn: () => rpc.call('sandbox.engines', {}),
    staleTime: 60_000,
  }).data?.engines;
  if (engines === undefined) return null;
  const ready = engines.filter((engine) => engine.available).length;
  return (
    <section className="card server-checks" aria-labelledby="server-title">
      <div className="server-head">
        <h2 id="server-title">{t.server}</h2>
        <span className={ready === engines.length ? 'chip success' : 'chip warning'}>
          {t.ready(ready, engines.length)}
        </span>
      </div>
      <ul>
        {engines.map((engine) => (
          <li key={engine.engine}>
            {engine.available ? (
              <CircleCheck size={16} className="text-ok" />
            ) : (
              <TriangleAlert size={16} className="text-warn" />
            )}
            <span>{engine.engine}</span>
            <span className="server-detail text-muted">
              {engine.missing === null
                ? engine.isolation.map((part) => part[language]).join(', ')
                : engine.missing.reason[language]}
              {engine.missing?.command != null && <code>{engine.missing.command}</code>}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
