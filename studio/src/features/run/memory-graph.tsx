import { useId } from 'react';
import { useLanguage, useText } from '../../i18n/language.ts';
import { formatBytes, formatDuration } from '../../ui/format.ts';
import type { Sample } from './use-run.ts';

const width = 308;
const top = 10;
const base = 74;

interface GraphProps {
  readonly samples: readonly Sample[];
  readonly limitBytes: number;
  readonly ended: boolean;
}

/** Memory over the run's time, with the limit as a dashed line. */
export function MemoryGraph({ samples, limitBytes, ended }: GraphProps) {
  const t = useText('run');
  const language = useLanguage();
  const titleId = useId();
  const last = samples.at(-1);
  if (last === undefined) return null;
  const longestMs = Math.max(1_000, last.atMs) * (ended ? 1.25 : 1);
  const peak = Math.max(...samples.map((sample) => sample.memoryBytes));
  // A program that stays far below its limit still shows its course.
  const fullBytes = peak > limitBytes / 4 ? limitBytes : peak * 1.6;
  const x = (ms: number) => (ms / longestMs) * width;
  const y = (bytes: number) => base - Math.min(1, bytes / fullBytes) * (base - top);
  const line = samples
    .map((sample) => `${x(sample.atMs).toFixed(1)} ${y(sample.memoryBytes).toFixed(1)}`)
    .join('L');
  const endX = x(last.atMs);
  const summary = t('graphSummary', {
    peak: formatBytes(peak, language),
    time: formatDuration(last.atMs, language),
  });
  return (
    <div>
      <div className="meter-label">
        <span>{t('memoryOverTime')}</span>
      </div>
      <svg viewBox={`0 0 ${width} 84`} className="memory-graph" role="img" aria-labelledby={titleId}>
        <title id={titleId}>{summary}</title>
        <path d={`M0 ${base}H${width}`} stroke="var(--border-default)" />
        {fullBytes === limitBytes && (
          <>
            <path d={`M0 ${top}H${width}`} stroke="var(--danger)" strokeDasharray="3 3" />
            <text x={width - 2} y="22" textAnchor="end" fill="var(--danger)">
              {formatBytes(limitBytes, language)}
            </text>
          </>
        )}
        <path d={`M0 ${base}L${line}L${endX.toFixed(1)} ${base}Z`} fill="var(--accent-1-soft)" />
        <path d={`M${line}`} fill="none" stroke="var(--accent-1)" strokeWidth="1.5" />
        <text x="0" y="83.5" fill="var(--text-muted)">
          0 s
        </text>
        <text x={endX} y="83.5" textAnchor={endX > 280 ? 'end' : 'middle'} fill="var(--text-muted)">
          {formatDuration(last.atMs, language)}
        </text>
      </svg>
    </div>
  );
}
