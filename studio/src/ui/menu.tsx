import { type MouseEvent, type ReactNode, type TouchEvent, useCallback, useRef, useState } from 'react';
import type { Anchor } from './menu-place.ts';
import { type MenuEntry, MenuPopup } from './menu-popup.tsx';

interface MenuButtonProps {
  readonly className: string;
  /** The button's name where its content says too little. */
  readonly label: string;
  readonly title?: string;
  /** Asked for while the menu is open only. */
  readonly entries: () => readonly MenuEntry[];
  readonly align?: 'start' | 'end';
  readonly popupClassName?: string;
  readonly onOpenChange?: (open: boolean) => void;
  readonly children: ReactNode;
}

/** A button with a menu below it. */
export function MenuButton(props: MenuButtonProps) {
  const button = useRef<HTMLButtonElement>(null);
  const [open, setOpen] = useState(false);
  const anchor = useCallback((): Anchor => button.current?.getBoundingClientRect() ?? pointAt(0, 0), []);
  const change = (next: boolean) => {
    setOpen(next);
    props.onOpenChange?.(next);
  };
  return (
    <>
      <button
        ref={button}
        type="button"
        className={props.className}
        aria-label={props.label}
        aria-haspopup="menu"
        aria-expanded={open}
        title={props.title}
        onClick={() => change(!open)}
        onKeyDown={(event) => {
          if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
          event.preventDefault();
          change(true);
        }}
      >
        {props.children}
      </button>
      {open && (
        <MenuPopup
          entries={props.entries()}
          label={props.label}
          anchor={anchor}
          align={props.align ?? 'start'}
          gapPx={6}
          className={props.popupClassName}
          onClose={() => change(false)}
        />
      )}
    </>
  );
}

interface ContextMenuProps {
  readonly className: string;
  readonly label: string;
  readonly entries: () => readonly MenuEntry[];
  readonly children: ReactNode;
}

/** Later than the browsers that tell of a long press by themselves. */
const longPressMs = 650;

/** An area with a menu of its own: right click, the menu key, or a long press, which not every browser tells of. */
export function ContextMenuArea({ className, label, entries, children }: ContextMenuProps) {
  const [at, setAt] = useState<Anchor>();
  const press = useRef<ReturnType<typeof setTimeout>>(undefined);
  const opened = useRef(false);
  const anchor = useCallback(() => at ?? pointAt(0, 0), [at]);

  function onContextMenu(event: MouseEvent) {
    // Events of the open menu come along here too, which is drawn elsewhere.
    if (!event.currentTarget.contains(event.target as Node)) return;
    event.preventDefault();
    clearTimeout(press.current);
    const { clientX, clientY } = event;
    // By key: browsers name no point, or the focused element's.
    const box = (event.target as Element).getBoundingClientRect();
    setAt(clientX === 0 && clientY === 0 ? pointAt(box.left, box.bottom) : pointAt(clientX, clientY));
  }

  function onTouchStart(event: TouchEvent) {
    const touch = event.touches[0];
    clearTimeout(press.current);
    opened.current = false;
    if (touch === undefined || event.touches.length > 1) return;
    if (!event.currentTarget.contains(event.target as Node)) return;
    const { target } = event;
    const { clientX, clientY } = touch;
    press.current = setTimeout(() => {
      opened.current = true;
      target.dispatchEvent(
        new globalThis.MouseEvent('contextmenu', { bubbles: true, cancelable: true, clientX, clientY }),
      );
    }, longPressMs);
  }

  function onTouchEnd(event: TouchEvent) {
    clearTimeout(press.current);
    // The menu is open: lifting the finger is no click on what lies below.
    if (opened.current) event.preventDefault();
  }

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: what is in it has the same actions in a menu of a button
    <div
      className={className}
      onContextMenu={onContextMenu}
      onTouchStart={onTouchStart}
      onTouchMove={() => clearTimeout(press.current)}
      onTouchCancel={() => clearTimeout(press.current)}
      onTouchEnd={onTouchEnd}
    >
      {children}
      {at !== undefined && (
        <MenuPopup
          entries={entries()}
          label={label}
          anchor={anchor}
          align="start"
          gapPx={0}
          onClose={() => setAt(undefined)}
        />
      )}
    </div>
  );
}

function pointAt(left: number, top: number): Anchor {
  return { left, top, width: 0, height: 0 };
}
