const focusable =
  'a[href], button:not([disabled]), input:not([disabled]), select, textarea, [tabindex]:not([tabindex="-1"])';
const lastFocused = new WeakMap<Element, HTMLElement>();

function visibleRegions(): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>('[data-region]')].filter(
    (region) => region.getClientRects().length > 0,
  );
}

/** Remembers where the focus was in each region, to return there. */
export function rememberFocus(event: FocusEvent): void {
  if (!(event.target instanceof HTMLElement)) return;
  const region = event.target.closest('[data-region]');
  if (region !== null) lastFocused.set(region, event.target);
}

/** F6 and Shift F6: moves the focus to the next or previous region, to where it was there before. */
export function focusRegion(step: 1 | -1): void {
  const regions = visibleRegions();
  const here = regions.findIndex((region) => region.contains(document.activeElement));
  const start = here < 0 ? (step === 1 ? -1 : 0) : here;
  for (let tried = 1; tried <= regions.length; tried += 1) {
    const region = regions[(start + step * tried + regions.length * 2) % regions.length];
    if (region === undefined) return;
    const before = lastFocused.get(region);
    const target =
      before !== undefined && region.contains(before) ? before : region.querySelector<HTMLElement>(focusable);
    if (target === null || target === undefined) continue;
    target.focus();
    if (region.contains(document.activeElement)) return;
  }
}
