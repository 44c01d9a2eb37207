import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Bot } from 'lucide-react';
import { projectQuery, templatesQuery } from '../../app/queries.ts';
import { text, useText } from '../../i18n/language.ts';
import { tasksQuery } from '../agents/agent-queries.ts';
import { prepareTask } from '../agents/draft.ts';
import type { RunState } from './use-run.ts';

/** The third step of the first project: the program has run, now an agent is asked for a change. */
export function AgentGuide({ projectId, state }: { projectId: string; state: RunState }) {
  const t = useText('agents');
  const navigate = useNavigate();
  const tasks = useQuery(tasksQuery(projectId)).data;
  const files = useQuery(projectQuery(projectId)).data?.files;
  const templates = useQuery(templatesQuery).data?.templates;
  if (tasks === undefined || tasks.length > 0 || state.result?.exitCode !== 0) return null;
  const known = new Set(files?.map(({ path }) => path));
  const main = templates?.find(({ run, openFile }) => run !== null && known.has(openFile))?.openFile;

  function ask() {
    prepareTask(projectId, {
      agent: 'code',
      text: text('agents:guideTask'),
      ...(main === undefined ? {} : { chip: { kind: 'file', path: main } }),
    });
    void navigate({ to: '/p/$projectId/agents', params: { projectId } });
  }

  return (
    <section className="card agent-guide" aria-label={t('guideTitle')}>
      <Bot size={20} className="tone-agent" />
      <div className="grow">
        <strong>{t('guideTitle')}</strong>
        <p className="text-second">{t('guideText')}</p>
      </div>
      <button type="button" className="button" onClick={ask}>
        {t('guideAsk')}
      </button>
    </section>
  );
}
