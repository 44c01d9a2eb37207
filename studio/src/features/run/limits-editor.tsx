import { Dialog } from '@base-ui/react/dialog';
import {
  Cpu,
  Fuel,
  GlobeLock,
  HardDrive,
  Layers,
  type LucideIcon,
  MemoryStick,
  ScrollText,
  Timer,
} from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { useLanguage, useText } from '../../i18n/language.ts';
import { Field } from '../../ui/field.tsx';
import { formatBytes, formatDuration } from '../../ui/format.ts';
import type { Limits, RunInput } from './use-run.ts';

const megabyte = 1024 * 1024;
const million = 1_000_000;

/** Limits as the run form holds them: only what differs from the defaults. */
export type LimitsInput = Pick<RunInput, 'timeoutMs' | 'limits'>;

interface LimitsProps {
  readonly defaults: Limits;
  readonly maxima: Limits;
  readonly value: LimitsInput;
  /** How many hosts the programs of this project may reach; 0: the network is off. */
  readonly hosts: number;
  readonly onChange: (value: LimitsInput) => void;
}

/** The limits that a run will have. */
export function effectiveLimits(defaults: Limits, value: LimitsInput): Limits {
  return { ...defaults, ...value.limits, timeMs: value.timeoutMs ?? defaults.timeMs } as Limits;
}

/** The limits as chips, and as fields in a dialog. */
export function LimitsEditor({ defaults, maxima, value, hosts, onChange }: LimitsProps) {
  const t = useText('run');
  const language = useLanguage();
  const [editing, setEditing] = useState(false);
  const limits = effectiveLimits(defaults, value);
  const number = (value: number) =>
    value.toLocaleString(language, { notation: 'compact', maximumFractionDigits: 1 });
  const chips: readonly (readonly [LucideIcon, string])[] = [
    [Timer, formatDuration(limits.timeMs, language)],
    [MemoryStick, formatBytes(limits.memoryBytes, language)],
    ...(limits.cpuCores === null ? [] : ([[Cpu, t('cores', { count: limits.cpuCores })]] as const)),
    ...(limits.processes === null
      ? []
      : ([[Layers, t('processesCount', { count: limits.processes })]] as const)),
    ...(limits.fuel === null ? [] : ([[Fuel, t('fuelAmount', { amount: number(limits.fuel) })]] as const)),
    [ScrollText, t('outputSize', { size: formatBytes(limits.outputBytes, language) })],
    ...(limits.diskBytes === null
      ? []
      : ([[HardDrive, t('diskSize', { size: formatBytes(limits.diskBytes, language) })]] as const)),
    [GlobeLock, hosts === 0 ? t('networkOff') : t('networkHosts', { count: hosts })],
  ];
  return (
    <div className="limits">
      <span className="label">{t('limits')}</span>
      {chips.map(([Icon, label]) => (
        <span key={label} className="chip">
          <Icon size={13} /> {label}
        </span>
      ))}
      <button type="button" className="button ghost small" onClick={() => setEditing(true)}>
        {t('edit')}
      </button>
      <Dialog.Root open={editing} onOpenChange={setEditing}>
        <Dialog.Portal>
          <Dialog.Backdrop className="dialog-backdrop" />
          <Dialog.Popup className="dialog">
            <Dialog.Title className="dialog-title">{t('editLimits')}</Dialog.Title>
            <LimitsForm
              limits={limits}
              maxima={maxima}
              onDone={(next) => {
                onChange(next);
                setEditing(false);
              }}
              onReset={() => {
                onChange({});
                setEditing(false);
              }}
            />
          </Dialog.Popup>
        </Dialog.Portal>
      </Dialog.Root>
    </div>
  );
}

interface FormProps {
  readonly limits: Limits;
  readonly maxima: Limits;
  readonly onDone: (value: LimitsInput) => void;
  readonly onReset: () => void;
}

function LimitsForm({ limits, maxima, onDone, onReset }: FormProps) {
  const t = useText('run');
  const language = useLanguage();
  const number = (value: number) => value.toLocaleString(language, { maximumFractionDigits: 2 });

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const read = (name: string, factor: number) => Math.round(Number(form.get(name)) * factor);
    onDone({
      timeoutMs: read('time', 1_000),
      limits: {
        memoryBytes: read('memory', megabyte),
        outputBytes: read('output', megabyte),
        ...(form.has('cores') ? { cpuCores: Number(form.get('cores')) } : {}),
        ...(form.has('processes') ? { processes: read('processes', 1) } : {}),
        ...(form.has('disk') ? { diskBytes: read('disk', megabyte) } : {}),
        ...(form.has('fuel') ? { fuel: read('fuel', million) } : {}),
      },
    });
  }

  const rows: readonly (readonly [string, string, number | null, number | null, number, number])[] = [
    ['time', t('timeField'), limits.timeMs, maxima.timeMs, 1_000, 0.1],
    ['memory', t('memoryField'), limits.memoryBytes, maxima.memoryBytes, megabyte, 1],
    ['cores', t('coresField'), limits.cpuCores, maxima.cpuCores, 1, 0.05],
    ['processes', t('processesField'), limits.processes, maxima.processes, 1, 2],
    ['fuel', t('fuelField'), limits.fuel, maxima.fuel, million, 0],
    ['output', t('outputField'), limits.outputBytes, maxima.outputBytes, megabyte, 0],
    ['disk', t('diskField'), limits.diskBytes, maxima.diskBytes, megabyte, 0],
  ];
  const fields = rows.flatMap(([name, label, value, most, unit, least]) =>
    value === null || most === null ? [] : [[name, label, value / unit, most / unit, least] as const],
  );
  return (
    <form onSubmit={submit}>
      <div className="limit-fields">
        {fields.map(([name, label, value, most, least]) => (
          <Field
            key={name}
            name={name}
            type="number"
            label={label}
            defaultValue={value}
            min={least}
            max={most}
            step="any"
            required
            hint={t('atMost', { most: number(most) })}
          />
        ))}
      </div>
      <div className="dialog-actions">
        <button type="button" className="button ghost" onClick={onReset}>
          {t('defaults')}
        </button>
        <Dialog.Close className="button">{t('cancel')}</Dialog.Close>
        <button type="submit" className="button primary">
          {t('useLimits')}
        </button>
      </div>
    </form>
  );
}
