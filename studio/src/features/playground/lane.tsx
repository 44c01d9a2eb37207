import {
  CircleAlert,
  CircleCheck,
  CodeXml,
  Copy,
  Cpu,
  Eraser,
  Square,
  SquareTerminal,
  ThumbsUp,
  Wrench,
} from 'lucide-react';
import { useId, useRef } from 'react';
import type { ChatModel } from '../../app/queries.ts';
import { useLanguage, useText } from '../../i18n/language.ts';
import { formatDuration } from '../../ui/format.ts';
import { CodeBlock } from '../../ui/markdown/code-block.tsx';
import { Markdown } from '../../ui/markdown/markdown.tsx';
import { PanelError } from '../../ui/panel-boundary.tsx';
import { toast } from '../../ui/toasts.tsx';
import { useFollowEnd } from '../../ui/use-follow-end.ts';
import { curlOf, sdkCodeOf } from './code.ts';
import type { ConversationState } from './conversation.ts';
import { timesDecimal } from './cost.ts';
import { type Turn, wordsOf } from './settings.ts';
import { formatArguments } from './tool-calls.ts';

interface LaneProps {
  readonly place: number;
  readonly model: ChatModel;
  readonly models: readonly ChatModel[];
  readonly state: ConversationState;
  readonly rival: ConversationState | undefined;
  readonly limit: number;
  /** Its name is not shown, so that the answers are judged and not the names. */
  readonly hidden: boolean;
  /** True for the one that was chosen, false for the other; undefined while there is no choice to make. */
  readonly better: boolean | undefined;
  readonly onBetter: () => void;
  readonly body: (turns: readonly Turn[]) => object;
  readonly onModel: (id: string) => void;
  readonly onStop: () => void;
  readonly onClear: () => void;
}

/** One model’s side of the playground: figures above, the conversation, and how it stands below. */
export function Lane(props: LaneProps) {
  const { place, model, models, state, hidden, better, body, onModel, onBetter, onStop, onClear } = props;
  const t = useText('playground');
  const pickerId = useId();
  const running = state.status === 'waiting' || state.status === 'writing';
  const log = useRef<HTMLDivElement>(null);
  const onScroll = useFollowEnd(log);

  async function copy(text: string, notice: string) {
    await navigator.clipboard.writeText(text);
    toast({ title: notice });
  }
  const asked = state.turns.at(-1)?.role === 'assistant' ? state.turns.slice(0, -1) : state.turns;
  const origin = location.origin;
  const lastTurn = state.turns.at(-1);
  const lastAnswer = lastTurn?.role === 'assistant' ? wordsOf(lastTurn) : '';

  return (
    <section
      className="lane"
      aria-label={t('conversation', { model: hidden ? t('modelOf', { place }) : model.id })}
    >
      <header>
        <Cpu size={14} className="tone-you" />
        <label htmlFor={pickerId} className="visually-hidden">
          {t('modelOf', { place })}
        </label>
        {hidden ? (
          <strong>{t('modelOf', { place })}</strong>
        ) : (
          <>
            <select
              id={pickerId}
              className="lane-picker"
              value={model.id}
              disabled={running}
              onChange={(event) => onModel(event.target.value)}
            >
              {models.map(({ id }) => (
                <option key={id} value={id}>
                  {id}
                </option>
              ))}
            </select>
            <span className="text-muted lane-origin">
              {model.owner === 'local' ? t('local') : model.owner}
            </span>
          </>
        )}
        <span className="grow" />
        <button
          type="button"
          className="icon-button"
          aria-label={t('copyAnswer')}
          title={t('copyAnswer')}
          aria-disabled={lastAnswer === ''}
          onClick={() => lastAnswer !== '' && void copy(lastAnswer, t('answerCopied'))}
        >
          <Copy size={16} />
        </button>
        <button
          type="button"
          className="icon-button"
          aria-label={t('copyCurl')}
          title={t('copyCurl')}
          onClick={() => void copy(curlOf(origin, body(asked)), t('copied'))}
        >
          <SquareTerminal size={16} />
        </button>
        <button
          type="button"
          className="icon-button"
          aria-label={t('copySdk')}
          title={t('copySdk')}
          onClick={() => void copy(sdkCodeOf(origin, body(asked)), t('copied'))}
        >
          <CodeXml size={16} />
        </button>
        <button
          type="button"
          className="icon-button"
          aria-label={t('clear')}
          title={t('clear')}
          onClick={onClear}
        >
          <Eraser size={16} />
        </button>
      </header>
      <Figures {...props} running={running} />
      <div
        className="lane-log"
        role="log"
        aria-label={t('conversation', { model: hidden ? t('modelOf', { place }) : model.id })}
        aria-live="off"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls is reached by keyboard
        tabIndex={0}
        ref={log}
        onScroll={onScroll}
      >
        {state.turns.length === 0 && (
          <div className="lane-empty">
            <strong>{t('emptyTitle')}</strong>
            <p className="text-second">{t('empty')}</p>
          </div>
        )}
        {state.turns.map((turn, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: turns are only ever added
          <Words key={index} turn={turn} />
        ))}
        {(state.draft !== '' || state.draftCalls.length > 0) && (
          <Words turn={{ role: 'assistant', content: state.draft, toolCalls: state.draftCalls }} />
        )}
        {state.status === 'failed' && <PanelError error={state.error} />}
      </div>
      <footer>
        <Standing state={state} />
        <span className="grow" />
        {running && (
          <button type="button" className="button small danger" onClick={onStop}>
            <Square size={12} /> {t('stop')}
          </button>
        )}
        {better !== undefined && (
          <button
            type="button"
            className={better ? 'button small chosen' : 'button small'}
            aria-pressed={better}
            aria-disabled={lastAnswer === '' || running}
            onClick={() => lastAnswer !== '' && !running && onBetter()}
          >
            <ThumbsUp size={12} /> {t('better')}
          </button>
        )}
      </footer>
    </section>
  );
}

function Words({ turn }: { turn: Turn }) {
  const t = useText('playground');
  if (turn.role === 'user') {
    // What was typed stays as it was typed; only code between single backticks is set apart.
    const parts = turn.content.split(/`([^`\n]+)`/);
    return (
      <p className="bubble">
        {parts.map((part, index) =>
          // biome-ignore lint/suspicious/noArrayIndexKey: the text never changes
          index % 2 === 1 ? <code key={index}>{part}</code> : part,
        )}
      </p>
    );
  }
  return (
    <>
      {turn.content !== '' && <Markdown text={turn.content} />}
      {turn.toolCalls?.map((call, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: calls are only ever added
        <div key={index} className="tool-call">
          <span className="row">
            <Wrench size={14} /> {t('toolCall')} <code>{call.name}</code>
          </span>
          <CodeBlock code={formatArguments(call.arguments)} language="json" />
        </div>
      ))}
    </>
  );
}

function speedOf({ tokens, firstTokenMs, totalMs }: ConversationState): number | undefined {
  if (firstTokenMs === undefined || totalMs === undefined || tokens < 2) return undefined;
  const seconds = (totalMs - firstTokenMs) / 1_000;
  return seconds <= 0 ? undefined : (tokens - 1) / seconds;
}

function Figures({ state, rival, limit, running, model, hidden }: LaneProps & { readonly running: boolean }) {
  const t = useText('playground');
  const language = useLanguage();
  const speed = speedOf(state);
  const rivalSpeed = rival === undefined ? undefined : speedOf(rival);
  const first = state.firstTokenMs;
  const best = (own: number | undefined, other: number | undefined, lowerIsBetter: boolean) =>
    own !== undefined && other !== undefined && (lowerIsBetter ? own < other : own > other);
  const count = state.tokens.toLocaleString(language);
  const figures: readonly [label: string, value: string, best: boolean][] = [
    [
      t('firstToken'),
      first === undefined ? '–' : formatDuration(first, language),
      best(first, rival?.firstTokenMs, true),
    ],
    [
      t('speed'),
      speed === undefined
        ? '–'
        : t('perSecond', { count: speed.toLocaleString(language, { maximumFractionDigits: 0 }) }),
      best(speed, rivalSpeed, false),
    ],
    [
      t('answer'),
      running
        ? t('tokensOf', { count, limit: limit.toLocaleString(language) })
        : state.tokens === 0
          ? '–'
          : state.promptTokens === undefined
            ? t('tokens', { count })
            : t('tokensFrom', { count, prompt: state.promptTokens.toLocaleString(language) }),
      false,
    ],
    [
      t('cost'),
      state.cost !== undefined
        ? `${decimal(state.cost, language)} ${state.currency ?? ''}`
        : running && state.tokens > 0 && !hidden
          ? `≈ ${decimal(timesDecimal(model.outputCost, state.tokens), language)}`
          : '–',
      false,
    ],
  ];
  return (
    <dl className="figures-line">
      {figures.map(([label, value, isBest]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd className={isBest ? 'tone-success' : ''}>
            {value}
            {isBest && ' ✓'}
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** An exact decimal in the reader's way of writing; never through a float. */
function decimal(text: string, language: string): string {
  return language === 'de' ? text.replace('.', ',') : text;
}

function Standing({ state }: { state: ConversationState }) {
  const t = useText('playground');
  const language = useLanguage();
  const time = state.totalMs === undefined ? '' : formatDuration(state.totalMs, language);
  switch (state.status) {
    case 'idle':
      return null;
    case 'waiting':
      return (
        <span className="row">
          <i className="dot running" />{' '}
          {state.place === undefined ? t('waiting') : t('waitingAt', { place: state.place })}
        </span>
      );
    case 'writing':
      return (
        <span className="row">
          <i className="dot running" /> {t('writing')} {time}
        </span>
      );
    case 'finished':
      return (
        <span className="row">
          <CircleCheck size={14} className="tone-success" /> {t('finished')} {time}
        </span>
      );
    case 'cut':
    case 'stopped':
    case 'failed':
      return (
        <span className="row">
          <CircleAlert size={14} className="tone-warning" /> {t(state.status)} {time}
        </span>
      );
  }
}
