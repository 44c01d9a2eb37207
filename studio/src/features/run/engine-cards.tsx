import { Box, type LucideIcon } from 'lucide-react';
import { useLanguage, useText } from '../../i18n/language.ts';
import type { Result } from '../../rpc/contracts.ts';

type Engine = Result<'sandbox.engines'>['engines'][number];

const icons: Partial<Record<Engine['engine'], LucideIcon>> = { run: Box };

/** Engines that run programs and work on this server; others are not offered. */
export function EngineCards({ engines }: { engines: readonly Engine[] }) {
  const t = useText('run');
  const language = useLanguage();
  const usable = engines.filter((engine) => engine.available && icons[engine.engine] !== undefined);
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
            aria-checked={index === 0}
            tabIndex={index === 0 ? 0 : -1}
            className="engine"
            title={engine.isolation.map((part) => part[language]).join('\n')}
          >
            <span className="row">
              <span className="radio-mark" />
              <strong>{engine.engine}</strong>
              <span className="text-muted">{t('engineName')}</span>
              <span className="grow" />
              <Icon size={16} className="text-muted" />
            </span>
            <span className="text-second engine-text">{t('engineText')}</span>
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
