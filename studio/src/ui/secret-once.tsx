import { Copy } from 'lucide-react';
import { toast } from './toasts.tsx';

interface SecretOnceProps {
  readonly secret: string;
  /** Says that it is shown only now. */
  readonly note: string;
  readonly copyLabel: string;
  readonly copiedText: string;
}

/** A secret that the server keeps only as a hash: shown once, to be copied. */
export function SecretOnce({ secret, note, copyLabel, copiedText }: SecretOnceProps) {
  return (
    <div className="section-body" role="status">
      <p>{note}</p>
      <div className="row">
        <code className="secret">{secret}</code>
        <button
          type="button"
          className="button small"
          onClick={() => {
            void navigator.clipboard?.writeText(secret);
            toast({ title: copiedText });
          }}
        >
          <Copy size={14} /> {copyLabel}
        </button>
      </div>
    </div>
  );
}
