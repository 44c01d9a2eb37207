import { CircleAlert } from 'lucide-react';
import { type InputHTMLAttributes, useId } from 'react';

interface FieldProps extends InputHTMLAttributes<HTMLInputElement> {
  readonly label: string;
  readonly hint?: string | undefined;
  readonly error?: string | undefined;
  readonly large?: boolean;
}

/** An input with its label above and hint or error below, tied together for screen readers. */
export function Field({ label, hint, error, large = false, className, ...input }: FieldProps) {
  const id = useId();
  const below = error ?? hint;
  return (
    <div className={`field ${className ?? ''}`}>
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        className={large ? 'input large' : 'input'}
        {...input}
        {...(error === undefined ? {} : { 'aria-invalid': true })}
        {...(below === undefined ? {} : { 'aria-describedby': `${id}-below` })}
      />
      {below !== undefined && (
        <span id={`${id}-below`} className={error === undefined ? 'hint' : 'error'}>
          {error !== undefined && <CircleAlert size={14} />}
          {below}
        </span>
      )}
    </div>
  );
}
