import { CircleAlert, CircleCheck, Copy, Download } from 'lucide-react';
import { useLanguage, useText } from '../../i18n/language.ts';
import { PanelError } from '../../ui/panel-boundary.tsx';
import { MemoryGraph } from './memory-graph.tsx';
import { runTexts } from './texts.ts';
import type { RunInput, RunResult, RunState } from './use-run.ts';

const megabyte = 1024 * 1024;

interface ResultProps {
  readonly state: RunState;
  readonly onMore: (change: Partial<RunInput>) => void;
  readonly retry: () => void;
}

/** Output, meters, and the words for how it ended. */
export function RunOutcome({ state, onMore, retry }: ResultProps) {
  const t = useText(runTexts);
  if (state.status === 'idle') return null;
  if (state.status === 'failed') return <PanelError error={state.error} retry={retry} />;
  const text = state.parts.map((part) => part.text).join('');
  return (
    <section className="card run-outcome" aria-label={t.title}>
      <Verdict state={state} onMore={onMore} />
      <div className="run-columns">
        <Meters state={state} />
        <div className="run-output">
          <header>
            <h2>{t.stdout}</h2>
            <span className="flex-1" />
            <button
              type="button"
              className="icon-button small"
              aria-label={t.copy}
              title={t.copy}
              onClick={() => void navigator.clipboard.writeText(text)}
            >
              <Copy size={14} />
            </button>
            <a
              className="icon-button small"
              aria-label={t.download}
              title={t.download}
              download="output.txt"
              href={URL.createObjectURL(new Blob([text], { type: 'text/plain' }))}
            >
              <Download size={14} />
            </a>
          </header>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by key */}
          <pre role="log" aria-label={t.stdout} tabIndex={0}>
            {state.parts.map((part, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: output only grows; a part's position is its identity
              <span key={index} className={part.stream === 'stderr' ? 'run-stderr' : undefined}>
                {part.text}
              </span>
            ))}
          </pre>
        </div>
      </div>
    </section>
  );
}

/** Which input a run needs that gets past the limit that ended it. */
function moreOf(result: RunResult): { label: string; change: Partial<RunInput> } | undefined {
  const { limits } = result;
  switch (result.killedBy) {
    case 'memory':
      return {
        label: `${Math.round((limits.memoryBytes * 2) / megabyte)} MB`,
        change: { limits: { memoryBytes: limits.memoryBytes * 2 } },
      };
    case 'time':
      return {
        label: `${Math.round((limits.timeMs * 3) / 1000)} s`,
        change: { timeoutMs: limits.timeMs * 3 },
      };
    case 'output':
      return {
        label: `${Math.round((limits.outputBytes * 4) / megabyte)} MB`,
        change: { limits: { outputBytes: limits.outputBytes * 4 } },
      };
    default:
      return undefined;
  }
}

function Verdict({ state, onMore }: { state: RunState; onMore: (change: Partial<RunInput>) => void }) {
  const t = useText(runTexts);
  const language = useLanguage();
  const { result } = state;
  if (result === undefined) {
    return (
      <div className="run-verdict" role="status">
        <span className="running-dot" /> <strong>{t.running}</strong>
      </div>
    );
  }
  const seconds = (result.durationMs / 1000).toLocaleString(language, { maximumFractionDigits: 2 });
  const more = moreOf(result);
  const tone = result.killedBy !== null ? 'bad' : result.exitCode === 0 ? 'good' : 'warn';
  const title =
    result.killedBy !== null
      ? t.ended[result.killedBy]
      : result.exitCode === 0
        ? t.ok(seconds)
        : t.failed(result.exitCode);
  return (
    <div className={`run-verdict ${tone}`} role="status">
      {tone === 'good' ? (
        <CircleCheck size={20} className="text-ok" />
      ) : (
        <CircleAlert size={20} className={tone === 'bad' ? 'text-bad' : 'text-warn'} />
      )}
      <div className="flex-1">
        <strong>{title}</strong>
        {(result.killedBy !== null || result.truncated) && (
          <p className="text-second">{result.truncated ? t.truncated : t.endedText}</p>
        )}
      </div>
      {more !== undefined && (
        <button type="button" className="button" onClick={() => onMore(more.change)}>
          {t.more(more.label)}
        </button>
      )}
    </div>
  );
}

function Meters({ state }: { state: RunState }) {
  const t = useText(runTexts);
  const language = useLanguage();
  const { result, samples } = state;
  const last = samples[samples.length - 1];
  const number = (value: number, digits = 1) =>
    value.toLocaleString(language, { maximumFractionDigits: digits });
  const limits = result?.limits;
  const memory = result?.peakMemoryBytes ?? last?.memoryBytes ?? 0;
  const timeMs = result?.durationMs ?? last?.atMs ?? 0;
  const cpuMs = result?.cpuMs ?? last?.cpuMs ?? 0;
  return (
    <div className="run-meters">
      <MeterRow
        name={t.memory}
        value={memory}
        most={limits?.memoryBytes}
        full={result?.killedBy === 'memory'}
        text={`${number(memory / megabyte, 0)}${limits ? ` / ${number(limits.memoryBytes / megabyte, 0)}` : ''} MB`}
      />
      <MeterRow
        name={t.time}
        value={timeMs}
        most={limits?.timeMs}
        full={result?.killedBy === 'time'}
        text={`${number(timeMs / 1000)}${limits ? ` / ${number(limits.timeMs / 1000)}` : ''} s`}
      />
      <MeterRow
        name={t.cpu}
        value={cpuMs}
        most={limits === undefined ? undefined : limits.timeMs * limits.cpuCores}
        full={result?.killedBy === 'cpu'}
        text={`${number(cpuMs / 1000, 2)} s`}
      />
      <MeterRow
        name={t.processes}
        value={result?.peakProcesses ?? last?.processes ?? 0}
        most={limits?.processes}
        full={result?.killedBy === 'processes'}
        text={`${result?.peakProcesses ?? last?.processes ?? 0}${limits ? ` / ${limits.processes}` : ''}`}
      />
      <MeterRow
        name={t.output}
        value={result?.outputBytes ?? last?.outputBytes ?? 0}
        most={limits?.outputBytes}
        full={result?.killedBy === 'output'}
        text={`${number((result?.outputBytes ?? last?.outputBytes ?? 0) / 1024, 0)}${limits ? ` / ${number(limits.outputBytes / 1024, 0)}` : ''} KB`}
      />
      {limits !== undefined && (
        <MemoryGraph samples={samples} limitBytes={limits.memoryBytes} label={t.overTime} />
      )}
      {result !== undefined && (
        <p className="text-second numbers">
          {t.exit} <strong>{result.exitCode ?? '–'}</strong> · {t.signal}{' '}
          <strong>{result.signal ?? '–'}</strong>
        </p>
      )}
    </div>
  );
}

function MeterRow(props: {
  name: string;
  value: number;
  most: number | undefined;
  full: boolean;
  text: string;
}) {
  const t = useText(runTexts);
  const part = props.most === undefined || props.most === 0 ? 0 : Math.min(1, props.value / props.most);
  return (
    <div className="meter-row">
      <div>
        <span>
          {props.name} {props.full && <span className="chip danger">{t.limit}</span>}
        </span>
        <span className="numbers">{props.text}</span>
      </div>
      <div className={props.full ? 'meter full' : 'meter'}>
        <i style={{ width: `${props.full ? 100 : part * 100}%` }} />
      </div>
    </div>
  );
}
