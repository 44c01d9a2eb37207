import type { Sample } from './use-run.ts';

const width = 300;
const height = 90;

/** Memory over the run's time, with the limit as a dashed line. */
export function MemoryGraph({
  samples,
  limitBytes,
  label,
}: {
  samples: readonly Sample[];
  limitBytes: number;
  label: string;
}) {
  const last = samples[samples.length - 1];
  if (last === undefined) return null;
  const longest = Math.max(1, last.atMs);
  const top = limitBytes * 1.05;
  const points = samples.map(
    ({ atMs, memoryBytes }) =>
      `${((atMs / longest) * width).toFixed(1)},${(height - (memoryBytes / top) * height).toFixed(1)}`,
  );
  const limitY = height - (limitBytes / top) * height;
  return (
    <figure>
      <figcaption className="text-second">{label}</figcaption>
      <svg viewBox={`0 0 ${width} ${height}`} className="memory-graph" role="img" aria-label={label}>
        <line x1="0" x2={width} y1={limitY} y2={limitY} stroke="var(--danger)" strokeDasharray="3 3" />
        <polyline points={`0,${height} ${points.join(' ')} ${width},${height}`} fill="var(--accent-1-soft)" />
        <polyline points={points.join(' ')} fill="none" stroke="var(--accent-1)" strokeWidth="1.5" />
      </svg>
    </figure>
  );
}
