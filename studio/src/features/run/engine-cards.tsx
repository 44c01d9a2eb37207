import { Box, Hexagon, type LucideIcon, Server } from 'lucide-react';
import type { KeyboardEvent } from 'react';
import { useLanguage, useText } from '../../i18n/language.ts';
import type { Result } from '../../rpc/contracts.ts';
import type { EngineName } from './use-run.ts';

type Engine = Result<'sandbox.engines'>['engines'][number];

const icons: Partial<Record<Engine['engine'], LucideIcon>> = { run: Box, wasm: Hexagon, micro: Server };

const wordsFor = { run: 'run', wasm: 'wasm', micro: 'micro' } as const satisfies Partial<
  Record<Engine['engine'], string>
>;
type Shown = keyof typeof wordsFor;
const isShown = (engine: Engine['engine']): engine is Shown => engine in wordsFor;

interface EngineCardsProps {
  readonly engines: readonly Engine[];
  readonly chosen: EngineName;
  readonly onChoose: (engine: EngineName) => void;
}

/** Engines that run programs and work on this server; others are not offered. */
export function EngineCards({ engines, chosen, onChoose }: EngineCardsProps) {
  const t = useText('run');
  const language = useLanguage();
  const usable = engines.flatMap((engine) =>
    engine.available && isShown(engine.engine) ? [{ ...engine, engine: engine.engine }] : [],
  );

  /** One stop for Tab, arrows move and choose, as in every group of radio buttons. */
  function move(event: KeyboardEvent, index: number) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const next = step === undefined ? undefined : usable[(index + step + usable.length) % usable.length];
    if (next === undefined) return;
    event.preventDefault();
    onChoose(next.engine);
    const cards = event.currentTarget.parentElement?.querySelectorAll('button');
    cards?.[usable.indexOf(next)]?.focus();
  }

  return (
    <div role="radiogroup" aria-label={t('engine')} className="engines">
      {usable.map((engine, index) => {
        const Icon = icons[engine.engine] ?? Box;
        return (
          // biome-ignore lint/a11y/useSemanticElements: a card with several lines acts as a radio button
          <button
            key={engine.engine}
            type="button"
            role="radio"
            aria-checked={engine.engine === chosen}
            tabIndex={engine.engine === chosen ? 0 : -1}
            onClick={() => onChoose(engine.engine)}
            onKeyDown={(event) => move(event, index)}
            className="engine"
            title={engine.isolation.map((part) => part[language]).join('\n')}
          >
            <span className="row">
              <span className="radio-mark" />
              <strong>{engine.engine}</strong>
              <span className="text-muted">{t(`engineName.${engine.engine}`)}</span>
              <span className="grow" />
              <Icon size={16} className="text-muted" />
            </span>
            <span className="text-second engine-text">{t(`engineText.${engine.engine}`)}</span>
            <span className="engine-facts">
              <span className="text-muted">{t('wall')}</span>
              <span>{engine.driver ?? engine.isolation[0]?.[language]}</span>
            </span>
          </button>
        );
      })}
    </div>
  );
}

/** Why nothing can be run on this server, and the one command that changes that. */
export function NoEngine({ engines }: { engines: readonly Engine[] }) {
  const t = useText('run');
  const language = useLanguage();
  const missing = engines.find((engine) => engine.engine === 'run')?.missing;
  return (
    <div className="card empty">
      <Box size={24} />
      <strong>{t('noEngineTitle')}</strong>
      <span>{missing?.reason[language] ?? t('noEngine')}</span>
      {missing?.command != null && <code>{missing.command}</code>}
    </div>
  );
}
