import { CircleAlert, CircleCheck, Undo2, WifiOff, X } from 'lucide-react';
import { useEffect, useState } from 'react';
import { text, useText } from '../i18n/language.ts';
import { isOffline, isRpcFault } from '../rpc/fault.ts';
import { createStore, useStore } from './store.ts';

interface ToastInput {
  readonly title: string;
  readonly detail?: string;
  readonly tone?: 'good' | 'bad' | 'offline';
  /** Undo, or another way on. */
  readonly action?: { readonly label: string; readonly run: () => void };
}

interface Toast extends ToastInput {
  readonly id: number;
}

const shownMs = 6_000;
const most = 3;
const toasts = createStore<readonly Toast[]>([]);
let nextId = 1;

/** Shows a short message at the lower right; it goes by itself, later while pointed at or focused. */
export function toast(input: ToastInput): void {
  toasts.set((before) => [...before, { ...input, id: nextId++ }].slice(-most));
}

/** A message with a way back: what was done can be undone from it. */
export function toastUndo(title: string, undo: () => void): void {
  toast({ title, tone: 'good', action: { label: text('ui:undo'), run: undo } });
}

/** Tells what failed and what helps. */
export function toastFault(error: unknown): void {
  if (isRpcFault(error)) {
    toast({ title: error.message, detail: error.hint, tone: isOffline(error) ? 'offline' : 'bad' });
  } else toast({ title: error instanceof Error ? error.message : String(error), tone: 'bad' });
}

const icons = {
  good: <CircleCheck size={16} className="tone-success" />,
  bad: <CircleAlert size={16} className="tone-danger" />,
  offline: <WifiOff size={16} className="tone-warning" />,
};

function ToastItem({ toast: item }: { toast: Toast }) {
  const t = useText('ui');
  const [held, setHeld] = useState(false);
  const close = () => toasts.set((before) => before.filter((other) => other.id !== item.id));
  useEffect(() => {
    if (held) return;
    const timer = setTimeout(
      () => toasts.set((before) => before.filter((other) => other.id !== item.id)),
      shownMs,
    );
    return () => clearTimeout(timer);
  }, [item.id, held]);
  return (
    <li
      className="toast"
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      {icons[item.tone ?? 'good']}
      <div className="grow">
        <strong>{item.title}</strong>
        {item.detail !== undefined && item.detail !== '' && <p>{item.detail}</p>}
      </div>
      {item.action !== undefined && (
        <button
          type="button"
          className="button small"
          onClick={() => {
            item.action?.run();
            close();
          }}
        >
          {item.action.label === t('undo') && <Undo2 size={14} />}
          {item.action.label}
        </button>
      )}
      <button type="button" className="icon-button small" aria-label={t('closeMessage')} onClick={close}>
        <X size={14} />
      </button>
    </li>
  );
}

export function Toasts() {
  const t = useText('ui');
  const items = useStore(toasts);
  return (
    <section aria-label={t('messages')} className="toasts-region">
      <ul className="toasts" aria-live="polite">
        {items.map((item) => (
          <ToastItem key={item.id} toast={item} />
        ))}
      </ul>
    </section>
  );
}
