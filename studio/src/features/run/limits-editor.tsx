import { Cpu, Globe, Layers, MemoryStick, ScrollText, Timer } from 'lucide-react';
import { useState } from 'react';
import { useText } from '../../i18n/language.ts';
import type { Result } from '../../rpc/contracts.ts';
import { runTexts } from './texts.ts';
import type { RunInput } from './use-run.ts';

const megabyte = 1024 * 1024;

interface LimitsProps {
  readonly defaults: Result<'sandbox.engines'>['defaults'];
  readonly value: Partial<RunInput>;
  readonly onChange: (value: Partial<RunInput>) => void;
}

/** The limits as chips, and as fields on request. */
export function LimitsEditor({ defaults, value, onChange }: LimitsProps) {
  const t = useText(runTexts);
  const [editing, setEditing] = useState(false);
  const timeMs = value.timeoutMs ?? defaults.timeMs;
  const limits = { ...defaults, ...value.limits };
  const setLimit = (change: NonNullable<RunInput['limits']>) =>
    onChange({ ...value, limits: { ...value.limits, ...change } });
  return (
    <div className="limits">
      <span className="text-second">{t.limits}</span>
      <span className="chip">
        <Timer size={12} /> {timeMs / 1000} s
      </span>
      <span className="chip">
        <MemoryStick size={12} /> {Math.round(limits.memoryBytes / megabyte)} MB
      </span>
      <span className="chip">
        <Cpu size={12} /> {t.cores(limits.cpuCores)}
      </span>
      <span className="chip">
        <Layers size={12} /> {limits.processes} {t.processes}
      </span>
      <span className="chip">
        <ScrollText size={12} /> {Math.round(limits.outputBytes / megabyte)} MB {t.output}
      </span>
      <span className="chip">
        <Globe size={12} /> {t.networkOff}
      </span>
      <button
        type="button"
        className="button ghost small"
        aria-expanded={editing}
        onClick={() => setEditing(!editing)}
      >
        {t.edit}
      </button>
      {editing && (
        <div className="limit-fields">
          <NumberField
            label={`${t.time} (${t.seconds})`}
            value={timeMs / 1000}
            onChange={(seconds) => onChange({ ...value, timeoutMs: Math.round(seconds * 1000) })}
          />
          <NumberField
            label={`${t.memory} (${t.megabytes})`}
            value={limits.memoryBytes / megabyte}
            onChange={(size) => setLimit({ memoryBytes: Math.round(size * megabyte) })}
          />
          <NumberField
            label={t.processes}
            value={limits.processes}
            onChange={(processes) => setLimit({ processes: Math.round(processes) })}
          />
          <NumberField
            label={`${t.output} (${t.megabytes})`}
            value={limits.outputBytes / megabyte}
            onChange={(size) => setLimit({ outputBytes: Math.round(size * megabyte) })}
          />
        </div>
      )}
    </div>
  );
}

function NumberField({
  label,
  value,
  onChange,
}: {
  label: string;
  value: number;
  onChange: (value: number) => void;
}) {
  return (
    <label className="field">
      <span className="text-second">{label}</span>
      <input
        type="number"
        className="input"
        min={0.1}
        step="any"
        defaultValue={value}
        onBlur={(event) => Number(event.target.value) > 0 && onChange(Number(event.target.value))}
      />
    </label>
  );
}
