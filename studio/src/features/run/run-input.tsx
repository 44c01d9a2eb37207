import { CornerDownLeft, LogOut } from 'lucide-react';
import { type FormEvent, useId, useState } from 'react';
import { useText } from '../../i18n/language.ts';
import { toastFault } from '../../ui/toasts.tsx';

interface InputProps {
  /** Settles when the program has taken it. */
  readonly onSend: (data: string, end: boolean) => Promise<void>;
}

/** A line for a program that reads its standard input while it runs. */
export function RunInputLine({ onSend }: InputProps) {
  const t = useText('run');
  const id = useId();
  const [line, setLine] = useState('');
  const [sending, setSending] = useState(false);

  async function send(data: string, end: boolean) {
    setSending(true);
    try {
      await onSend(data, end);
      setLine('');
    } catch (error) {
      toastFault(error);
    }
    setSending(false);
  }

  return (
    <form
      className="run-input"
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        if (!sending) void send(`${line}\n`, false);
      }}
    >
      <label className="visually-hidden" htmlFor={id}>
        {t('inputLine')}
      </label>
      <input
        id={id}
        className="input code grow"
        value={line}
        onChange={(event) => setLine(event.target.value)}
        placeholder={t('inputLine')}
        spellCheck={false}
        autoComplete="off"
        autoCapitalize="none"
      />
      <button type="submit" className="button small" disabled={sending}>
        <CornerDownLeft size={14} /> {t('sendInput')}
      </button>
      <button
        type="button"
        className="button small"
        disabled={sending}
        onClick={() => void send(line, true)}
        title={t('endInputHint')}
      >
        <LogOut size={14} /> {t('endInput')}
      </button>
    </form>
  );
}
