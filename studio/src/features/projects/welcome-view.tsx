import '../../ui/entry.css';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Check } from 'lucide-react';
import { projectsQuery, statusQuery } from '../../app/queries.ts';
import { useUser } from '../../app/session.ts';
import { useText } from '../../i18n/language.ts';
import { EntryFoot, EntryHead } from '../../ui/entry.tsx';
import { writeStored } from '../../ui/local-storage.ts';
import { CreateProject } from './create-project.tsx';
import { ServerChecks } from './server-checks.tsx';

export const guideSkippedKey = 'cds.guideSkipped';

/** The first project in under a minute; later the page for every new one. */
export function WelcomeView() {
  const t = useText('projects');
  const user = useUser();
  const projects = useQuery(projectsQuery).data;
  const version = useQuery(statusQuery).data?.version;
  const first = projects === undefined || projects.length === 0;
  return (
    <div className="entry">
      <main className="entry-form">
        <EntryHead />
        <div>
          <h1>{first ? t('firstTitle') : t('newTitle')}</h1>
          <p className="entry-lead">{t('firstLead')}</p>
          <ol className="path">
            <li className="done">
              <span className="step">
                <Check size={12} />
              </span>
              <div>
                <strong>{t('stepAccount')}</strong>
                <p>{t(`stepAccountText.${user.role}`, { name: user.username })}</p>
              </div>
            </li>
            <li aria-current="step">
              <span className="step">2</span>
              <div>
                <strong>{t('stepTemplate')}</strong>
                <p>{t('stepTemplateText')}</p>
              </div>
            </li>
            <li>
              <span className="step">3</span>
              <div>
                <strong>{t('stepRun')}</strong>
                <p>{t('stepRunText')}</p>
              </div>
            </li>
            <li>
              <span className="step">4</span>
              <div>
                <strong>{t('stepAgent')}</strong>
                <p>{t('stepAgentText')}</p>
              </div>
            </li>
            <li>
              <span className="step">5</span>
              <div>
                <strong>{t('stepApply')}</strong>
                <p>{t('stepApplyText')}</p>
              </div>
            </li>
          </ol>
        </div>
        <EntryFoot version={version} />
      </main>
      <div className="entry-stage">
        <div className="horizon" />
        <CreateProject
          skip={
            <Link to="/" className="button ghost large" onClick={() => writeStored(guideSkippedKey, true)}>
              {first ? t('skipGuide') : t('back')}
            </Link>
          }
        >
          <ServerChecks />
        </CreateProject>
      </div>
    </div>
  );
}
