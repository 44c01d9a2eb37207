import { RotateCcw } from 'lucide-react';
import { type ReactNode, useId } from 'react';
import { useLanguage, useText } from '../../i18n/language.ts';
import { defaultSettings, jsonBreaksAt, type PlaygroundSettings, schemaOf } from './settings.ts';

interface PanelProps {
  readonly settings: PlaygroundSettings;
  readonly onChange: (settings: PlaygroundSettings) => void;
  /** What stands below. */
  readonly children?: ReactNode;
}

/** The left side: everything that a request says beside the messages. */
export function SettingsPanel({ settings, onChange, children }: PanelProps) {
  const t = useText('playground');
  const systemId = useId();
  const schemaId = useId();
  const change = (part: Partial<PlaygroundSettings>) => onChange({ ...settings, ...part });
  const schemaWrong = schemaOf(settings.schema) === null;
  const place = schemaWrong ? jsonBreaksAt(settings.schema) : undefined;
  return (
    <aside className="playground-settings" aria-label={t('settings')} data-region="sidebar">
      <header className="region-head">
        <h2>{t('settings')}</h2>
        <button
          type="button"
          className="icon-button"
          aria-label={t('defaults')}
          title={t('defaults')}
          onClick={() => onChange({ ...defaultSettings, system: settings.system })}
        >
          <RotateCcw size={14} />
        </button>
      </header>
      <form onSubmit={(event) => event.preventDefault()}>
        <div className="field">
          <label htmlFor={systemId}>{t('systemPrompt')}</label>
          <textarea
            id={systemId}
            className="input"
            rows={4}
            placeholder={t('systemHint')}
            value={settings.system}
            onChange={(event) => change({ system: event.target.value })}
          />
        </div>
        <Slider
          label={t('temperature')}
          value={settings.temperature}
          range={[0, 2, 0.05]}
          onChange={(temperature) => change({ temperature })}
        />
        <Slider
          label={t('topP')}
          value={settings.topP}
          range={[0.05, 1, 0.05]}
          onChange={(topP) => change({ topP })}
        />
        <Slider
          label={t('topK')}
          value={settings.topK}
          range={[0, 100, 1]}
          onChange={(topK) => change({ topK })}
        />
        <Slider
          label={t('maxTokens')}
          value={settings.maxTokens}
          range={[16, 4_096, 16]}
          onChange={(maxTokens) => change({ maxTokens })}
        />
        <div className="field">
          <label htmlFor={schemaId}>{t('schema')}</label>
          <textarea
            id={schemaId}
            className="input mono"
            rows={settings.schema === '' ? 2 : 6}
            spellCheck={false}
            placeholder='{"type": "object", …}'
            value={settings.schema}
            aria-invalid={schemaWrong}
            aria-describedby={`${schemaId}-below`}
            onChange={(event) => change({ schema: event.target.value })}
          />
          <span id={`${schemaId}-below`} className={schemaWrong ? 'error' : 'hint'}>
            {place === undefined ? t(schemaWrong ? 'schemaWrong' : 'schemaHint') : t('schemaBreaks', place)}
          </span>
        </div>
        <Switch label={t('compare')} on={settings.compare} onChange={(compare) => change({ compare })} />
        <Switch
          label={`${t('sameSeed')} ${settings.seed}`}
          on={settings.sameSeed}
          onChange={(sameSeed) => change({ sameSeed })}
        />
        {settings.compare && (
          <Switch
            label={t('hideNames')}
            on={settings.hideNames}
            onChange={(hideNames) => change({ hideNames })}
          />
        )}
      </form>
      {children}
    </aside>
  );
}

interface SliderProps {
  readonly label: string;
  readonly value: number;
  readonly range: readonly [from: number, to: number, step: number];
  readonly onChange: (value: number) => void;
}

function Slider({ label, value, range: [from, to, step], onChange }: SliderProps) {
  const id = useId();
  const language = useLanguage();
  const filled = `${((value - from) / (to - from)) * 100}%`;
  return (
    <div className="slide">
      <label htmlFor={id}>{label}</label>
      <output htmlFor={id}>{value.toLocaleString(language)}</output>
      <input
        id={id}
        type="range"
        min={from}
        max={to}
        step={step}
        value={value}
        style={{ '--filled': filled } as React.CSSProperties}
        onChange={(event) => onChange(Number(event.target.value))}
      />
    </div>
  );
}

function Switch({ label, on, onChange }: { label: string; on: boolean; onChange: (on: boolean) => void }) {
  const id = useId();
  return (
    <div className="switch-line">
      <label htmlFor={id}>{label}</label>
      <button
        id={id}
        type="button"
        role="switch"
        className="toggle"
        aria-checked={on}
        onClick={() => onChange(!on)}
      />
    </div>
  );
}
