import { Link } from '@tanstack/react-router';
import { ShieldAlert, ShieldCheck } from 'lucide-react';
import { useLanguage, useText } from '../../i18n/language.ts';
import type { TaskDetail } from './agent-queries.ts';

const tones = { high: 'chip danger', medium: 'chip warning', low: 'chip info' } as const;

/** What the security agent found, each with its place and evidence. */
export function Findings({ projectId, findings }: { projectId: string; findings: TaskDetail['findings'] }) {
  const t = useText('agents');
  const language = useLanguage();
  if (findings.length === 0) {
    return (
      <p className="row">
        <ShieldCheck size={16} className="tone-success" /> {t('noFindings')}
      </p>
    );
  }
  return (
    <section className="card change-card" aria-label={t('findings', { count: findings.length })}>
      <header>
        <ShieldAlert size={14} />
        <strong className="grow">{t('findings', { count: findings.length })}</strong>
      </header>
      <ul>
        {findings.map(({ path, line, rule, severity, message, evidence }) => (
          <li key={`${path} ${line} ${rule}`} className="finding">
            <div className="row">
              <span className={tones[severity]}>{t(`severity.${severity}`)}</span>
              <Link to="/p/$projectId" params={{ projectId }} search={{ file: path, line }} className="clip">
                {path}:{line}
              </Link>
            </div>
            <span>{message[language]}</span>
            <code className="text-muted clip">{evidence}</code>
          </li>
        ))}
      </ul>
    </section>
  );
}
