import type { KeyboardEvent, PointerEvent } from 'react';

interface ResizerProps {
  readonly label: string;
  /** `vertical`: a standing line between left and right. */
  readonly orientation: 'vertical' | 'horizontal';
  readonly value: number;
  readonly bounds: { readonly least: number; readonly most: number };
  /** True when dragging towards the start makes the region larger. */
  readonly reversed?: boolean;
  readonly onChange: (valuePx: number) => void;
}

const stepPx = 16;

/** The line between two regions: drag it, or move it with the arrow keys. */
export function Resizer({ label, orientation, value, bounds, reversed = false, onChange }: ResizerProps) {
  const vertical = orientation === 'vertical';
  const clamp = (size: number) => Math.round(Math.min(bounds.most, Math.max(bounds.least, size)));
  const sign = reversed ? -1 : 1;

  function onPointerDown(event: PointerEvent<HTMLElement>) {
    event.preventDefault();
    const from = vertical ? event.clientX : event.clientY;
    const target = event.currentTarget;
    target.setPointerCapture(event.pointerId);
    const move = (next: globalThis.PointerEvent) =>
      onChange(clamp(value + sign * ((vertical ? next.clientX : next.clientY) - from)));
    target.addEventListener('pointermove', move);
    target.addEventListener('lostpointercapture', () => target.removeEventListener('pointermove', move), {
      once: true,
    });
  }

  function onKeyDown(event: KeyboardEvent) {
    const forward = vertical ? 'ArrowRight' : 'ArrowDown';
    const backward = vertical ? 'ArrowLeft' : 'ArrowUp';
    const direction = event.key === forward ? 1 : event.key === backward ? -1 : 0;
    if (event.key === 'Home') onChange(bounds.least);
    else if (event.key === 'End') onChange(bounds.most);
    else if (direction !== 0) onChange(clamp(value + sign * direction * stepPx));
    else return;
    event.preventDefault();
  }

  return (
    // biome-ignore lint/a11y/useSemanticElements: an <hr> can't be moved; a focusable separator is what ARIA calls this
    <div
      role="separator"
      aria-label={label}
      aria-orientation={orientation}
      aria-valuenow={value}
      aria-valuemin={bounds.least}
      aria-valuemax={bounds.most}
      tabIndex={0}
      className={`resizer ${orientation}`}
      onPointerDown={onPointerDown}
      onKeyDown={onKeyDown}
    />
  );
}
