/** What a menu opens at: a button's box, or a point, which has no size. */
export interface Anchor {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Place {
  readonly left: number;
  readonly top: number;
  readonly mostHeight: number;
}

const edgePx = 8;

/**
 * Where a menu goes, in pixels of the window: below its anchor, above where there is more room and too little below, and
 * never over the edge.
 * @param options.align which sides of anchor and menu meet
 */
export function placeMenu(
  anchor: Anchor,
  menu: Size,
  options: { readonly window: Size; readonly align: 'start' | 'end'; readonly gapPx: number },
): Place {
  const { window, align, gapPx } = options;
  const wanted = align === 'start' ? anchor.left : anchor.left + anchor.width - menu.width;
  const left = Math.max(edgePx, Math.min(wanted, window.width - menu.width - edgePx));
  const below = anchor.top + anchor.height + gapPx;
  const roomBelow = window.height - below - edgePx;
  const roomAbove = anchor.top - gapPx - edgePx;
  if (menu.height <= roomBelow || roomBelow >= roomAbove) return { left, top: below, mostHeight: roomBelow };
  return { left, top: anchor.top - gapPx - Math.min(menu.height, roomAbove), mostHeight: roomAbove };
}
