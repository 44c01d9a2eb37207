import { type KeyboardEvent, type ReactNode, useLayoutEffect, useRef } from 'react';
import { createPortal } from 'react-dom';
import { type Anchor, placeMenu } from './menu-place.ts';

export interface MenuAction {
  readonly label: string;
  readonly icon?: ReactNode;
  /** The keys that do the same. */
  readonly keys?: string | undefined;
  /** What stands at the end of the row, after the label. */
  readonly aside?: ReactNode;
  readonly disabled?: boolean;
  readonly current?: boolean;
  readonly run: () => void;
}

/** A row to choose, a line between groups, or words about what follows. */
export type MenuEntry = MenuAction | 'line' | { readonly note: ReactNode };

interface PopupProps {
  readonly entries: readonly MenuEntry[];
  readonly label: string;
  readonly anchor: () => Anchor;
  readonly align: 'start' | 'end';
  readonly gapPx: number;
  readonly className?: string | undefined;
  readonly onClose: () => void;
}

const typingEndsAfterMs = 500;

/**
 * An open menu: arrows, Home, End and letters walk, Enter chooses, Escape and Tab close. While it is open nothing else can
 * be pressed; the focus goes back to where it was before anything is run.
 */
export function MenuPopup({ entries, label, anchor, align, gapPx, className, onClose }: PopupProps) {
  const popup = useRef<HTMLDivElement>(null);
  const typed = useRef({ text: '', atMs: 0 });

  useLayoutEffect(() => {
    const element = popup.current;
    if (element === null) return;
    const place = () => {
      element.style.maxHeight = '';
      const { left, top, mostHeight } = placeMenu(
        anchor(),
        { width: element.offsetWidth, height: element.offsetHeight },
        { window: { width: innerWidth, height: innerHeight }, align, gapPx },
      );
      Object.assign(element.style, { left: `${left}px`, top: `${top}px`, maxHeight: `${mostHeight}px` });
    };
    place();
    const resized = new ResizeObserver(place);
    resized.observe(element);
    addEventListener('resize', place);
    return () => {
      resized.disconnect();
      removeEventListener('resize', place);
    };
  }, [anchor, align, gapPx]);

  useLayoutEffect(() => {
    const element = popup.current;
    const before = document.activeElement;
    if (element === null || !(before instanceof HTMLElement)) return;
    // Opened by a key: at its first row, as whoever walks by keys expects; by a pointer: at none.
    const byKey = before.matches(':focus-visible');
    ((byKey ? itemsOf(element)[0] : undefined) ?? element).focus({ preventScroll: true });
    return () => {
      if (element.contains(document.activeElement)) before.focus({ preventScroll: true });
    };
  }, []);

  function choose(action: MenuAction) {
    if (action.disabled === true) return;
    onClose();
    // After the focus has gone back: what is opened now gives it back there.
    queueMicrotask(action.run);
  }

  function onKeyDown(event: KeyboardEvent) {
    const items = itemsOf(popup.current);
    const here = items.indexOf(document.activeElement as HTMLElement);
    const to = (index: number) => items[(index + items.length) % items.length]?.focus();
    const act = new Map<string, () => void>([
      ['ArrowDown', () => to(here + 1)],
      ['ArrowUp', () => to(here < 0 ? -1 : here - 1)],
      ['Home', () => to(0)],
      ['End', () => to(-1)],
      ['Escape', onClose],
      ['Tab', onClose],
    ]).get(event.key);
    // Keys of the menu are nobody else's, as Escape is that of an agent's panel.
    event.stopPropagation();
    if (act !== undefined) {
      event.preventDefault();
      act();
    } else if (event.key.length === 1 && event.key !== ' ' && !event.ctrlKey && !event.metaKey) {
      const fresh = event.timeStamp - typed.current.atMs > typingEndsAfterMs;
      const text = (fresh ? '' : typed.current.text) + event.key.toLowerCase();
      typed.current = { text, atMs: event.timeStamp };
      const order = [...items.slice(here + (fresh ? 1 : 0)), ...items];
      order.find((item) => item.textContent.trim().toLowerCase().startsWith(text))?.focus();
    }
  }

  return createPortal(
    <>
      <div
        className="menu-backdrop"
        aria-hidden="true"
        onClick={onClose}
        onPointerDown={(event) => {
          // The other button asks for another menu, of what lies below.
          if (event.button === 2) onClose();
        }}
        onContextMenu={(event) => event.preventDefault()}
      />
      <div
        ref={popup}
        role="menu"
        aria-label={label}
        tabIndex={-1}
        className={`menu menu-layer ${className ?? ''}`}
        onKeyDown={onKeyDown}
        onContextMenu={(event) => event.preventDefault()}
      >
        {entries.map((entry, index) =>
          entry === 'line' ? (
            // biome-ignore lint/suspicious/noArrayIndexKey: lines have no other name
            <hr key={index} className="menu-line" />
          ) : 'note' in entry ? (
            // biome-ignore lint/suspicious/noArrayIndexKey: nor do notes
            <div key={index} role="presentation">
              {entry.note}
            </div>
          ) : (
            <button
              // biome-ignore lint/suspicious/noArrayIndexKey: two rows may have the same label
              key={index}
              type="button"
              role="menuitem"
              tabIndex={-1}
              className="menu-item"
              aria-disabled={entry.disabled === true}
              aria-current={entry.current === true}
              onPointerMove={(event) => event.currentTarget.focus({ preventScroll: true })}
              onClick={() => choose(entry)}
            >
              {entry.icon}
              <span className="clip">{entry.label}</span>
              {entry.aside !== undefined && <span className="menu-aside">{entry.aside}</span>}
              {entry.keys !== undefined && <kbd className="kbd">{entry.keys}</kbd>}
            </button>
          ),
        )}
      </div>
    </>,
    document.body,
  );
}

function itemsOf(popup: HTMLElement | null): HTMLElement[] {
  return [...(popup?.querySelectorAll<HTMLElement>('[role="menuitem"]') ?? [])];
}
