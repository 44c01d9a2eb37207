import { useEffect, useRef } from 'react';
import { useText } from '../../i18n/language.ts';

interface NameInputProps {
  readonly initial: string;
  readonly depth: number;
  readonly onDone: (name: string) => void;
  /** `byKey`: with Escape, not by going elsewhere. */
  readonly onCancel: (byKey: boolean) => void;
}

/** The name of a new or renamed file, in the tree. Enter takes it, Escape and leaving don't. */
export function NameInput({ initial, depth, onDone, onCancel }: NameInputProps) {
  const t = useText('workbench');
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    field.current?.focus();
    const dot = initial.lastIndexOf('.');
    field.current?.setSelectionRange(0, dot > 0 ? dot : initial.length);
  }, [initial]);
  return (
    <div className="tree-name" style={{ paddingInlineStart: 20 + depth * 14 }}>
      <input
        ref={field}
        className="input small"
        aria-label={t('nameOf')}
        defaultValue={initial}
        maxLength={255}
        spellCheck={false}
        autoComplete="off"
        onBlur={() => onCancel(false)}
        onKeyDown={(event) => {
          event.stopPropagation();
          if (event.key === 'Escape') onCancel(true);
          if (event.key !== 'Enter') return;
          const name = event.currentTarget.value.trim().replace(/^\/+|\/+$/g, '');
          if (name === '' || name === initial) onCancel(true);
          else onDone(name);
        }}
      />
    </div>
  );
}
