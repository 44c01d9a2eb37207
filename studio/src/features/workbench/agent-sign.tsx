import { useText } from '../../i18n/language.ts';
import { type AgentName, agentIcons } from '../agents/agent-names.ts';

/** The mark of an agent at a file that it proposes to change. */
export function AgentSign({ agent }: { agent: AgentName }) {
  const t = useText('agents');
  const Icon = agentIcons[agent];
  const label = t('proposes', { name: t(`full.${agent}`) });
  return (
    <span className="agent-sign" title={label}>
      <Icon size={14} aria-hidden="true" />
      <span className="visually-hidden">, {label}</span>
    </span>
  );
}
