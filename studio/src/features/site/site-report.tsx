import { CircleAlert, CircleCheck, CircleDashed, CircleX, LoaderCircle } from 'lucide-react';
import { useLanguage, useText } from '../../i18n/language.ts';
import { formatDuration } from '../../ui/format.ts';
import type { SiteReport, StepLine } from './use-site.ts';

const marks = {
  done: <CircleCheck size={16} className="tone-success" />,
  skipped: <CircleDashed size={16} className="text-muted" />,
  planned: <CircleDashed size={16} className="text-muted" />,
  failed: <CircleX size={16} className="tone-danger" />,
  running: <LoaderCircle size={16} className="site-turning" />,
} as const;

interface ReportProps {
  readonly lines: readonly StepLine[];
  readonly faults: SiteReport['faults'];
}

/** The steps with what each did, and every fault with its place and what to do. */
export function SiteReportView({ lines, faults }: ReportProps) {
  const t = useText('site');
  const language = useLanguage();
  return (
    <section className="card site-report" aria-label={t('report')}>
      <ol aria-live="polite">
        {lines.map((line) => (
          <li key={line.step}>
            {marks[line.outcome]}
            <span className="visually-hidden">{t(`outcome.${line.outcome}`)}</span>
            <code className="text-muted">{t('stepOf', { position: line.position })}</code>
            <span className="grow">{line.summary[language]}</span>
            {line.warnings > 0 && (
              <span className="chip warning">{t('warnings', { count: line.warnings })}</span>
            )}
            <span className="text-muted">
              {line.durationMs === null ? '' : formatDuration(line.durationMs, language)}
            </span>
          </li>
        ))}
      </ol>
      {faults.length > 0 && (
        <div role="alert" className="site-faults">
          <strong>
            <CircleAlert size={14} className="tone-danger" /> {t('faults', { count: faults.length })}
          </strong>
          <ul>
            {faults.slice(0, 50).map((fault) => (
              <li key={`${fault.code} ${fault.file} ${fault.line} ${fault.column}`}>
                {fault.file !== undefined && (
                  <code>
                    {fault.file}
                    {fault.line === undefined ? '' : `:${fault.line}`}
                    {fault.column === undefined ? '' : `:${fault.column}`}
                  </code>
                )}
                <span className="site-fault-text">{fault.text[language]}</span>
                <span className="text-second">{fault.fix[language]}</span>
                <code className="text-muted">{fault.code}</code>
              </li>
            ))}
          </ul>
        </div>
      )}
    </section>
  );
}
