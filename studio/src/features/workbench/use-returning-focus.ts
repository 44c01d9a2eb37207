import { type RefObject, useEffect, useState } from 'react';
import type { TreeRow } from './tree-model.ts';

interface Return {
  readonly to: string;
  /** What had the focus, when that is about to leave the tree or has left it. */
  readonly from: string | undefined;
}

/** A row far away is drawn some frames after the tree has scrolled to it. */
const longestWaitFrames = 10;

/**
 * Gives the keyboard back to a row of the tree once that row is there, which may be before or after what had
 * the focus has gone. Nothing happens when somebody has gone elsewhere meanwhile.
 */
export function useReturningFocus(
  rows: readonly TreeRow[],
  scroller: RefObject<HTMLElement | null>,
  show: (index: number) => void,
): (to: string | undefined, from?: string) => void {
  const [wanted, setWanted] = useState<Return>();

  useEffect(() => {
    if (wanted === undefined) return;
    const index = rows.findIndex((row) => row.path === wanted.to);
    if (index < 0) return;
    setWanted(undefined);
    if (!isFree(wanted.from)) return;
    show(index);
    focusWhenDrawn(scroller, wanted, longestWaitFrames);
  }, [wanted, rows, scroller, show]);

  return (to, from) => setWanted(to === undefined ? undefined : { to, from });
}

function focusWhenDrawn(scroller: RefObject<HTMLElement | null>, wanted: Return, framesLeft: number): void {
  requestAnimationFrame(() => {
    if (!isFree(wanted.from)) return;
    const row = scroller.current?.querySelector<HTMLElement>(`[data-path="${CSS.escape(wanted.to)}"]`);
    if (row != null) row.focus();
    else if (framesLeft > 0) focusWhenDrawn(scroller, wanted, framesLeft - 1);
  });
}

/** Nothing has the focus, or only the row that leaves, or one inside of the folder that leaves. */
function isFree(leaving: string | undefined): boolean {
  const focused = document.activeElement;
  if (focused === null || focused === document.body) return true;
  const path = focused.closest<HTMLElement>('[data-path]')?.dataset.path;
  return leaving !== undefined && path !== undefined && `${path}/`.startsWith(`${leaving}/`);
}
