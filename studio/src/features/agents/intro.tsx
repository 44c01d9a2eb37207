import { useText } from '../../i18n/language.ts';
import { type AgentName, agentIcons } from './agent-names.ts';

/** What stands in the panel before there is a task. */
export function Intro({ agent }: { agent: AgentName }) {
  const t = useText('agents');
  const Icon = agentIcons[agent];
  return (
    <div className="talk intro">
      <span className="agent-mark big">
        <Icon size={17} />
      </span>
      <strong>{t('emptyTitle')}</strong>
      <p className="text-second">{t(`does.${agent}`)}</p>
      <p className="text-muted">{t('emptyText')}</p>
    </div>
  );
}
