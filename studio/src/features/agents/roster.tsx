import { useRef } from 'react';
import { useText } from '../../i18n/language.ts';
import { type AgentName, agentIcons, agentNames } from './agent-names.ts';
import type { Task } from './agent-queries.ts';

interface RosterProps {
  readonly tasks: readonly Task[];
  readonly chosen: AgentName;
  readonly onChoose: (agent: AgentName) => void;
}

/** The six agents with what they do now; one stop for the Tab key, arrows move inside. */
export function Roster({ tasks, chosen, onChoose }: RosterProps) {
  const t = useText('agents');
  const list = useRef<HTMLDivElement>(null);
  const stateOf = (agent: AgentName) => {
    const own = tasks.filter((task) => task.agent === agent);
    if (own.some(({ status }) => status === 'waiting_for_input')) return 'waiting' as const;
    return own.some(({ status }) => status === 'running') ? ('working' as const) : undefined;
  };
  function move(step: number) {
    const next = agentNames[(agentNames.indexOf(chosen) + step + agentNames.length) % agentNames.length];
    if (next === undefined) return;
    onChoose(next);
    list.current?.querySelector<HTMLElement>(`[data-agent="${next}"]`)?.focus();
  }
  return (
    <div className="roster" role="radiogroup" aria-label={t('agent')} ref={list}>
      {agentNames.map((agent) => {
        const Icon = agentIcons[agent];
        const state = stateOf(agent);
        const name = t(`full.${agent}`);
        return (
          // biome-ignore lint/a11y/useSemanticElements: an <input> can't hold the icon, the name and the state
          <button
            key={agent}
            type="button"
            role="radio"
            data-agent={agent}
            aria-checked={agent === chosen}
            aria-label={
              state === 'working'
                ? t('rosterWorking', { name })
                : state === 'waiting'
                  ? t('rosterWaiting', { name })
                  : name
            }
            title={t(`does.${agent}`)}
            tabIndex={agent === chosen ? 0 : -1}
            className={state === 'working' ? 'busy' : ''}
            onClick={() => onChoose(agent)}
            onKeyDown={(event) => {
              const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
              if (step === 0) return;
              event.preventDefault();
              move(step);
            }}
          >
            <Icon size={20} />
            <span>{t(`names.${agent}`)}</span>
            {state !== undefined && (
              <i className={state === 'working' ? 'dot running state' : 'dot state waits'} />
            )}
          </button>
        );
      })}
    </div>
  );
}
