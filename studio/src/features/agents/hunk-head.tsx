import { Check, Undo2, X } from 'lucide-react';
import { useText } from '../../i18n/language.ts';
import { type AgentName, agentIcons } from './agent-names.ts';
import type { Verdict } from './decisions.ts';
import { PlusMinus } from './plus-minus.tsx';

interface HeadProps {
  readonly number: number;
  readonly total: number;
  readonly agent: AgentName;
  readonly plus?: number;
  readonly minus?: number;
  readonly verdict: Verdict | undefined;
  /** It was applied already. */
  readonly standing: boolean;
  readonly editable: boolean;
  readonly focused: boolean;
  readonly onFocus: () => void;
  readonly onVerdict: (verdict: Verdict | undefined) => void;
}

/** The head of one change: who proposes it, how large it is, and the decision about it. */
export function HunkHead(props: HeadProps) {
  const { number, total, agent, plus, minus, verdict, standing, editable, focused, onFocus, onVerdict } =
    props;
  const t = useText('agents');
  const Icon = agentIcons[agent];
  const name = t('changeOf', { number, total });
  return (
    // biome-ignore lint/a11y/useSemanticElements: a <fieldset> would bring a form's look and semantics into a diff
    <div
      className={`hunk ${focused ? 'focused' : ''}`}
      role="group"
      aria-label={name}
      data-change={number}
      tabIndex={-1}
      onFocus={onFocus}
    >
      <Icon size={14} className="tone-agent" />
      <b>{name}</b>
      {plus !== undefined && minus !== undefined && <PlusMinus plus={plus} minus={minus} />}
      <span className="grow" />
      {standing ? (
        <span className="chip success">
          <Check size={13} /> {t('standing')}
        </span>
      ) : verdict !== undefined ? (
        <>
          <span className={verdict === 'accepted' ? 'chip success' : 'chip'}>
            {verdict === 'accepted' ? <Check size={13} /> : <X size={13} />} {t(verdict)}
          </span>
          {editable && (
            <button
              type="button"
              className="icon-button small"
              aria-label={`${t('undoVerdict')}: ${name}`}
              title={t('undoVerdict')}
              onClick={() => onVerdict(undefined)}
            >
              <Undo2 size={14} />
            </button>
          )}
        </>
      ) : (
        editable && (
          <>
            <button
              type="button"
              className="button small accept"
              aria-label={`${t('accept')}: ${name}`}
              onClick={() => onVerdict('accepted')}
            >
              <Check size={12} /> {t('accept')} {focused && <kbd className="kbd">Alt ↵</kbd>}
            </button>
            <button
              type="button"
              className="button small ghost"
              aria-label={`${t('reject')}: ${name}`}
              onClick={() => onVerdict('refused')}
            >
              {t('reject')}
            </button>
          </>
        )
      )}
    </div>
  );
}
