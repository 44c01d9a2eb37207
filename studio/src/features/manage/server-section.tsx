import { useQuery } from '@tanstack/react-query';
import { CircleCheck, CircleX, TriangleAlert } from 'lucide-react';
import { useLanguage, useText } from '../../i18n/language.ts';
import { rpc } from '../../rpc/client.ts';
import { PanelError } from '../../ui/panel-boundary.tsx';
import { SkeletonLines } from '../../ui/skeleton.tsx';

const icons = {
  ok: <CircleCheck size={16} className="tone-success" />,
  warning: <TriangleAlert size={16} className="tone-warning" />,
  missing: <CircleX size={16} className="tone-danger" />,
};

/** What the sandbox found on this server, and the command for what lacks. */
export function ServerSection() {
  const t = useText('manage');
  const language = useLanguage();
  const doctor = useQuery({ queryKey: ['doctor'], queryFn: () => rpc.call('sandbox.doctor', {}) });
  if (doctor.data === undefined) {
    if (doctor.error === null) return <SkeletonLines />;
    return <PanelError error={doctor.error} retry={() => void doctor.refetch()} />;
  }
  return (
    <section className="card section" aria-label={t('sections.server')}>
      <ul>
        {doctor.data.checks.map((check) => (
          <li key={check.name} className="check-row">
            {icons[check.state]}
            <span>{check.title[language]}</span>
            <span className="visually-hidden">{t(`states.${check.state}`)}</span>
            <span className="detail">{check.detail[language]}</span>
            {check.command !== null && <code>{check.command}</code>}
          </li>
        ))}
      </ul>
    </section>
  );
}
