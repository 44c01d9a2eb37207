import { X } from 'lucide-react';
import { useEffect, useSyncExternalStore } from 'react';
import { useText } from '../i18n/language.ts';
import { isRpcFault } from '../rpc/fault.ts';

export interface Toast {
  readonly id: number;
  readonly text: string;
  readonly action?: { readonly label: string; readonly run: () => void };
}

const shownMs = 6_000;
const most = 3;
let toasts: readonly Toast[] = [];
let nextId = 1;
const listeners = new Set<() => void>();

function change(next: readonly Toast[]): void {
  toasts = next;
  for (const listener of listeners) listener();
}

/** Shows a short message at the lower right, with undo or another way on if there is one. */
export function toast(text: string, action?: Toast['action']): void {
  change([...toasts, { id: nextId++, text, ...(action === undefined ? {} : { action }) }].slice(-most));
}

/** Tells what failed and what helps. */
export function toastFault(error: unknown): void {
  if (isRpcFault(error)) toast(`${error.message} ${error.hint}`);
  else toast(error instanceof Error ? error.message : String(error));
}

const texts = {
  en: { close: 'Close message', region: 'Messages' },
  de: { close: 'Meldung schließen', region: 'Meldungen' },
};

function ToastItem({ toast: item }: { toast: Toast }) {
  const t = useText(texts);
  const close = () => change(toasts.filter((other) => other.id !== item.id));
  useEffect(() => {
    const timer = setTimeout(() => change(toasts.filter((other) => other.id !== item.id)), shownMs);
    return () => clearTimeout(timer);
  }, [item.id]);
  return (
    <li className="toast">
      <span className="flex-1 min-w-0">{item.text}</span>
      {item.action !== undefined && (
        <button
          type="button"
          className="button small"
          onClick={() => {
            item.action?.run();
            close();
          }}
        >
          {item.action.label}
        </button>
      )}
      <button type="button" className="icon-button small" aria-label={t.close} onClick={close}>
        <X size={14} />
      </button>
    </li>
  );
}

export function Toasts() {
  const t = useText(texts);
  const items = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => toasts,
  );
  return (
    <section aria-label={t.region}>
      <ul className="toasts" aria-live="polite">
        {items.map((item) => (
          <ToastItem key={item.id} toast={item} />
        ))}
      </ul>
    </section>
  );
}
