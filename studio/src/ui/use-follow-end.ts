import { type RefObject, type UIEvent, useEffect, useLayoutEffect, useRef } from 'react';

/** So near to its end somebody reads the end. */
const nearPx = 24;

/**
 * Keeps what scrolls at its end while it grows, until its reader goes up, and again once they are back at the end. It
 * may grow by what its user draws, and by what comes without that: pictures, fonts, code that gets its colours late.
 * @returns the listener for its `scroll` events
 */
export function useFollowEnd(scroller: RefObject<HTMLElement | null>): (event: UIEvent<HTMLElement>) => void {
  const follows = useRef(true);
  const lastTop = useRef(0);
  const growth = useRef<ResizeObserver>(undefined);

  useEffect(() => {
    const observer = new ResizeObserver(() => followEnd(scroller, follows));
    growth.current = observer;
    watchParts(scroller, observer);
    return () => observer.disconnect();
  }, [scroller]);

  useLayoutEffect(() => {
    if (growth.current !== undefined) watchParts(scroller, growth.current);
    followEnd(scroller, follows);
  });

  return ({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
    // The event of our own scrolling may come after something has grown again: only going up means leaving the end.
    if (scrollHeight - scrollTop - clientHeight < nearPx) follows.current = true;
    else if (scrollTop < lastTop.current) follows.current = false;
    lastTop.current = scrollTop;
  };
}

/** Twice is once: an observer knows what it observes. */
function watchParts({ current }: RefObject<HTMLElement | null>, observer: ResizeObserver): void {
  if (current === null) return;
  observer.observe(current);
  for (const part of current.children) observer.observe(part);
}

function followEnd({ current }: RefObject<HTMLElement | null>, follows: RefObject<boolean>): void {
  if (follows.current && current !== null) current.scrollTop = current.scrollHeight;
}
