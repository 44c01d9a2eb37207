import { type RefObject, useCallback, useEffect, useMemo, useState } from 'react';

/** Which rows of a long list are drawn. */
export interface DrawnRows {
  /** Indexes of the rows to draw, in order. */
  readonly indexes: readonly number[];
  /** Height of all rows together. */
  readonly heightPx: number;
  /** Scrolls just so far that a row is seen whole. */
  readonly show: (index: number) => void;
}

/** Drawn before the height of the list is known. Asking for it would lay out the page once more. */
const firstHeightPx = 960;
const spareRows = 12;

/** The first row to draw and the one after the last, for a view of a list whose rows all have the same height. */
export function rowsInView(view: {
  readonly topPx: number;
  readonly heightPx: number;
  readonly rowPx: number;
  readonly count: number;
}): { readonly from: number; readonly to: number } {
  const { topPx, heightPx, rowPx, count } = view;
  const to = Math.min(count, Math.ceil((topPx + heightPx) / rowPx) + spareRows);
  return { from: Math.max(0, Math.min(to, Math.floor(topPx / rowPx) - spareRows)), to };
}

/** Draws of a list with rows of one height those that are seen, and some more on both sides. */
export function useRows(
  scroller: RefObject<HTMLElement | null>,
  { count, rowPx }: { readonly count: number; readonly rowPx: number },
): DrawnRows {
  const [firstSeen, setFirstSeen] = useState(0);
  const [heightPx, setHeightPx] = useState(firstHeightPx);

  useEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    const onScroll = () => setFirstSeen(Math.floor(element.scrollTop / rowPx));
    const resized = new ResizeObserver(([entry]) => {
      if (entry !== undefined) setHeightPx(entry.contentRect.height);
    });
    element.addEventListener('scroll', onScroll, { passive: true });
    resized.observe(element);
    return () => {
      element.removeEventListener('scroll', onScroll);
      resized.disconnect();
    };
  }, [scroller, rowPx]);

  const { from, to } = rowsInView({ topPx: firstSeen * rowPx, heightPx: heightPx + rowPx, rowPx, count });
  const indexes = useMemo(() => Array.from({ length: to - from }, (_, index) => from + index), [from, to]);
  const show = useCallback(
    (index: number) => {
      const element = scroller.current;
      if (element === null) return;
      const topPx = index * rowPx;
      if (topPx < element.scrollTop) element.scrollTop = topPx;
      else if (topPx + rowPx > element.scrollTop + element.clientHeight)
        element.scrollTop = topPx + rowPx - element.clientHeight;
      // At once, not when the browser tells of it: whoever moves the focus there looks for the row in the next frame.
      setFirstSeen(Math.floor(element.scrollTop / rowPx));
    },
    [scroller, rowPx],
  );
  return { indexes, heightPx: count * rowPx, show };
}
