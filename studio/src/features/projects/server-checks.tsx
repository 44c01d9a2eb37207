import { useQuery } from '@tanstack/react-query';
import { CircleCheck, TriangleAlert } from 'lucide-react';
import { enginesQuery } from '../../app/queries.ts';
import { useLanguage, useText } from '../../i18n/language.ts';

/** What this server can do, with the one command that brings what lacks. */
export function ServerChecks() {
  const t = useText('projects');
  const language = useLanguage();
  const engines = useQuery(enginesQuery).data?.engines;
  if (engines === undefined) return null;
  const ready = engines.filter((engine) => engine.available).length;
  return (
    <section className="card checks" aria-labelledby="server-title">
      <h2 id="server-title">
        {t('server')}
        <span className={ready === engines.length ? 'chip success' : 'chip warning'}>
          {t('ready', { count: ready, all: engines.length })}
        </span>
      </h2>
      <ul>
        {engines.map((engine) => (
          <li key={engine.engine}>
            {engine.available ? (
              <CircleCheck size={16} className="tone-success" />
            ) : (
              <TriangleAlert size={16} className="tone-warning" />
            )}
            <span>{engine.engine}</span>
            <span className="detail" title={engine.isolation.map((part) => part[language]).join('\n')}>
              {engine.missing === null
                ? (engine.driver ?? engine.isolation[0]?.[language])
                : engine.missing.reason[language]}
              {engine.missing !== null && engine.missing.command !== null && (
                <code>{engine.missing.command}</code>
              )}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
