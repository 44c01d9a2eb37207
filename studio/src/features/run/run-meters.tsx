import { useLanguage, useText } from '../../i18n/language.ts';
import { formatBytes, formatDuration } from '../../ui/format.ts';
import { MemoryGraph } from './memory-graph.tsx';
import type { RunState } from './use-run.ts';

/** What a run uses of what it may. */
export function RunMeters({ state }: { state: RunState }) {
  const t = useText('run');
  const language = useLanguage();
  const { result, samples } = state;
  const last = samples.at(-1);
  const limits = result?.limits ?? state.limits;
  const killedBy = result?.killedBy ?? null;
  const bytes = (size: number) => formatBytes(size, language);
  const time = (ms: number) => formatDuration(ms, language);
  const memory = result?.peakMemoryBytes ?? last?.memoryBytes ?? 0;
  const timeMs = result?.durationMs ?? last?.atMs ?? 0;
  const cpuMs = result?.cpuMs ?? last?.cpuMs ?? 0;
  const processes = result?.peakProcesses ?? last?.processes ?? 0;
  const outputBytes = result?.outputBytes ?? last?.outputBytes ?? 0;
  const cpuMost = limits === undefined ? undefined : (limits.cpuMs ?? limits.timeMs * (limits.cpuCores ?? 1));
  const count = (value: number) =>
    value.toLocaleString(language, { notation: 'compact', maximumFractionDigits: 1 });
  return (
    <div className="run-meters">
      <Meter
        name={t('memory')}
        value={memory}
        most={limits?.memoryBytes}
        text={`${bytes(memory)}${limits === undefined ? '' : ` / ${bytes(limits.memoryBytes)}`}`}
        full={killedBy === 'memory'}
      />
      <Meter
        name={t('time')}
        value={timeMs}
        most={limits?.timeMs}
        text={`${time(timeMs)}${limits === undefined ? '' : ` / ${time(limits.timeMs)}`}`}
        full={killedBy === 'time'}
      />
      <Meter name={t('cpu')} value={cpuMs} most={cpuMost} text={time(cpuMs)} full={killedBy === 'cpu'} />
      {limits?.fuel != null ? (
        <Meter
          name={t('fuel')}
          value={result?.fuelUsed ?? 0}
          most={limits.fuel}
          text={`${result?.fuelUsed == null ? '–' : count(result.fuelUsed)} / ${count(limits.fuel)}`}
          full={killedBy === 'fuel'}
        />
      ) : (
        <Meter
          name={t('processes')}
          value={processes}
          most={limits?.processes ?? undefined}
          text={`${processes}${limits?.processes == null ? '' : ` / ${limits.processes}`}`}
          full={killedBy === 'processes'}
        />
      )}
      <Meter
        name={t('output')}
        value={outputBytes}
        most={limits?.outputBytes}
        text={`${bytes(outputBytes)}${limits === undefined ? '' : ` / ${bytes(limits.outputBytes)}`}`}
        full={killedBy === 'output'}
      />
      {limits !== undefined && (
        <MemoryGraph samples={samples} limitBytes={limits.memoryBytes} ended={result !== undefined} />
      )}
      {result !== undefined && (
        <p className="run-exit numbers">
          <span>
            {t('exit')} <strong>{result.exitCode ?? '–'}</strong>
          </span>
          {result.fuelUsed === null && (
            <span>
              {t('signal')} <strong>{result.signal ?? '–'}</strong>
            </span>
          )}
          {result.results.length > 0 && (
            <span>
              {t('results')} <strong>{result.results.join(', ')}</strong>
            </span>
          )}
        </p>
      )}
    </div>
  );
}

interface MeterProps {
  readonly name: string;
  readonly value: number;
  readonly most: number | undefined;
  readonly text: string;
  /** This limit ended the run. */
  readonly full: boolean;
}

function Meter({ name, value, most, text, full }: MeterProps) {
  const t = useText('run');
  const part = most === undefined || most === 0 ? 0 : Math.min(1, value / most);
  const tone = full ? 'full' : part >= 0.8 ? 'high' : '';
  return (
    <div>
      <div className="meter-label">
        <span>
          {name} {full && <span className="chip danger">{t('limit')}</span>}
        </span>
        <strong className="numbers">{text}</strong>
      </div>
      <span className={`meter ${tone}`} aria-hidden="true">
        <i style={{ width: `${(full ? 1 : part) * 100}%` }} />
      </span>
    </div>
  );
}
