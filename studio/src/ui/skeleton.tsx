/** Lines in the shape of what comes; they appear after a moment only, so that quick answers don't flicker. */
export function SkeletonLines({ widths = [62, 88, 74, 40] }: { widths?: readonly number[] }) {
  return (
    <div className="skeleton-lines" aria-hidden="true">
      {widths.map((width) => (
        <div key={width} className="skeleton" style={{ width: `${width}%` }} />
      ))}
    </div>
  );
}
