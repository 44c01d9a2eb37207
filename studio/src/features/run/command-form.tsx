import { Play, Square } from 'lucide-react';
import { type FormEvent, useId } from 'react';
import { useText } from '../../i18n/language.ts';
import type { EngineName, RunInput } from './use-run.ts';

export type Files = NonNullable<RunInput['files']>;

interface CommandFormProps {
  readonly line: string;
  readonly engine: EngineName;
  readonly files: Files;
  readonly onFiles: (files: Files) => void;
  readonly keepInput: boolean;
  readonly onKeepInput: (keepInput: boolean) => void;
  /** Undefined where there is no choice: the engine, or the project without hosts. */
  readonly network: boolean | undefined;
  readonly onNetwork: (network: boolean) => void;
  readonly running: boolean;
  readonly again: boolean;
  readonly onLine: (line: string) => void;
  readonly onRun: () => void;
  readonly onStop: () => void;
}

/** What is to run, and the button that starts or stops it. */
export function CommandForm(props: CommandFormProps) {
  const { line, engine, running, again, onLine, onRun, onStop } = props;
  const t = useText('run');
  const wasm = engine === 'wasm';
  const id = useId();
  return (
    <form
      className="run-form"
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        onRun();
      }}
    >
      <div className="field grow">
        <label htmlFor={id}>{wasm ? t('module') : t('command')}</label>
        <input
          id={id}
          className="input code"
          value={line}
          onChange={(event) => onLine(event.target.value)}
          placeholder={wasm ? 'hello.wasm' : 'python3 main.py'}
          spellCheck={false}
          autoComplete="off"
          autoCapitalize="none"
          aria-describedby={`${id}-hint`}
        />
      </div>
      {engine !== 'run' && (
        <div className="field">
          <label htmlFor={`${id}-files`}>{t('files')}</label>
          <select
            id={`${id}-files`}
            className="input"
            value={props.files}
            onChange={(event) => props.onFiles(event.target.value as Files)}
          >
            <option value="none">{t('filesNone')}</option>
            <option value="read">{t('filesRead')}</option>
            <option value="write">{t('filesWrite')}</option>
          </select>
        </div>
      )}
      {running ? (
        <button type="button" className="button danger" onClick={onStop}>
          <Square size={14} /> {t('stop')}
        </button>
      ) : (
        <button type="submit" className="button primary" disabled={line.trim() === ''}>
          <Play size={14} /> {again ? t('again') : t('run')}
        </button>
      )}
      <span id={`${id}-hint`} className="hint">
        {wasm ? t('moduleHint') : t('commandHint')}
      </span>
      <label className="check-line">
        <input
          type="checkbox"
          checked={props.keepInput}
          onChange={(event) => props.onKeepInput(event.target.checked)}
        />{' '}
        {t('keepInput')}
      </label>
      {props.network !== undefined && (
        <label className="check-line">
          <input
            type="checkbox"
            checked={props.network}
            onChange={(event) => props.onNetwork(event.target.checked)}
          />{' '}
          {t('useNetwork')}
        </label>
      )}
    </form>
  );
}
