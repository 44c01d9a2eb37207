import { useQueries } from '@tanstack/react-query';
import { useText } from '../../i18n/language.ts';
import { agentIcons } from '../agents/agent-names.ts';
import { type OpenProposal, proposedFileQuery } from '../agents/agent-queries.ts';

interface BarProps {
  readonly proposals: readonly OpenProposal[];
  readonly onReview: (taskId: string) => void;
}

/** Above a file that agents propose to change: who, how much, and the way to the review. */
export function ProposalBar({ proposals, onReview }: BarProps) {
  const t = useText('agents');
  const files = useQueries({ queries: proposals.map(({ taskId, path }) => proposedFileQuery(taskId, path)) });
  return proposals.map(({ taskId, agent, change }, index) => {
    const Icon = agentIcons[agent];
    const count = Math.max(1, files[index]?.data?.regions.length ?? 1);
    return (
      <div key={taskId} className="proposal-bar">
        <Icon size={14} className="tone-agent" />
        <span className="clip grow">
          <strong>{t(`full.${agent}`)}</strong>
          {' · '}
          {change === 'deleted' ? t('proposesDeletion') : t('undecidedIn', { count })}
        </span>
        <button type="button" className="button small" onClick={() => onReview(taskId)}>
          {t('review')}
        </button>
      </div>
    );
  });
}
