import { useQuery } from '@tanstack/react-query';
import { Camera, History, Play, Server, Square, Trash2 } from 'lucide-react';
import { type FormEvent, useId, useState } from 'react';
import { queryClient } from '../../app/query-client.ts';
import { useLanguage, useText } from '../../i18n/language.ts';
import { rpc } from '../../rpc/client.ts';
import type { Result } from '../../rpc/contracts.ts';
import { formatBytes, formatDuration, formatInstant, formatTime } from '../../ui/format.ts';
import { toast, toastFault } from '../../ui/toasts.tsx';

type Machines = Result<'micro.list'>;
type Machine = Machines['vms'][number];
type Snapshot = Machines['snapshots'][number];

const machinesKey = (projectId: string) => ['micro.list', projectId];
const refreshEveryMs = 5_000;

/** One's own virtual machines in a project, what runs them, and the snapshots to go on from. */
export function MachineList({ projectId, editable }: { projectId: string; editable: boolean }) {
  const t = useText('machines');
  const [busy, setBusy] = useState<string>();
  const found = useQuery({
    queryKey: machinesKey(projectId),
    queryFn: () => rpc.call('micro.list', { projectId }),
    refetchInterval: refreshEveryMs,
    enabled: editable,
  }).data;

  /** One thing at a time by its name; whatever comes of it, the list is read again. */
  async function act(name: string, work: () => Promise<unknown>, done?: string) {
    setBusy(name);
    try {
      await work();
      if (done !== undefined) toast({ title: done });
    } catch (error) {
      toastFault(error);
    }
    await queryClient.invalidateQueries({ queryKey: machinesKey(projectId) });
    setBusy(undefined);
  }

  if (!editable || found === undefined || found.driver.missing !== null) return null;
  const { driver, vms, snapshots } = found;
  return (
    <section className="card machines" aria-label={t('title')}>
      <header className="machines-head">
        <div className="grow">
          <h2>{t('title')}</h2>
          <p className="text-second">
            {t('driver', { name: driver.name ?? '–', version: driver.version ?? '–' })}
            {driver.name === 'qemu-tcg' && ` · ${t('slow')}`}
          </p>
        </div>
        {(['python', 'node'] as const).map((image) => (
          <button
            key={image}
            type="button"
            className="button small"
            disabled={busy !== undefined}
            onClick={() => void act(image, () => rpc.call('micro.start', { projectId, image }))}
          >
            <Play size={14} /> {busy === image ? t('starting') : t('start', { image })}
          </button>
        ))}
      </header>
      {vms.length === 0 && <p className="machines-empty text-muted">{t('none')}</p>}
      {vms.map((machine) => (
        <MachineRow key={machine.vmId} machine={machine} busy={busy !== undefined} act={act} />
      ))}
      {snapshots.length > 0 && (
        <>
          <h3 className="machines-part">{t('snapshots')}</h3>
          {snapshots.map((snapshot) => (
            <SnapshotRow key={snapshot.snapshotId} snapshot={snapshot} busy={busy !== undefined} act={act} />
          ))}
        </>
      )}
    </section>
  );
}

interface RowProps {
  readonly busy: boolean;
  readonly act: (name: string, work: () => Promise<unknown>, done?: string) => Promise<void>;
}

function MachineRow({ machine, busy, act }: RowProps & { readonly machine: Machine }) {
  const t = useText('machines');
  const language = useLanguage();
  const { vmId } = machine;
  const used = formatBytes(machine.memoryBytes, language);
  const most = formatBytes(machine.memoryMb * 1024 * 1024, language);
  return (
    <div className="machine">
      <div className="row">
        <Server size={16} className="text-muted" />
        <strong>{machine.image}</strong>
        <span className="chip">{t(`state.${machine.state}`)}</span>
        {machine.network && <span className="chip">{t('network')}</span>}
        <span className="text-second clip grow">
          {t('memory', { used, most })} · {t('idle', { when: formatTime(machine.idleEndsAt, language) })}
        </span>
        <button
          type="button"
          className="button small"
          disabled={busy || machine.state !== 'ready'}
          onClick={() => void act(vmId, () => rpc.call('micro.snapshot', { vmId }))}
        >
          <Camera size={14} /> {t('snapshot')}
        </button>
        <button
          type="button"
          className="button small danger"
          disabled={busy}
          onClick={() => void act(vmId, () => rpc.call('micro.stop', { vmId }), t('stopped'))}
        >
          <Square size={14} /> {t('stop')}
        </button>
      </div>
      <MachineProgram vmId={vmId} language={machine.language} />
    </div>
  );
}

/** A line of code for one machine, and what came of the last one. */
function MachineProgram({ vmId, language }: { vmId: string; language: Machine['language'] }) {
  const t = useText('machines');
  const shown = useLanguage();
  const id = useId();
  const [code, setCode] = useState('');
  const [running, setRunning] = useState(false);
  const [result, setResult] = useState<Result<'micro.execute'>>();

  async function run(event: FormEvent) {
    event.preventDefault();
    setRunning(true);
    try {
      setResult(await rpc.call('micro.execute', { vmId, code }));
    } catch (error) {
      toastFault(error);
    }
    setRunning(false);
  }

  return (
    <>
      <form className="row" onSubmit={(event) => void run(event)}>
        <label className="visually-hidden" htmlFor={id}>
          {t('code')}
        </label>
        <input
          id={id}
          className="input code grow"
          value={code}
          onChange={(event) => setCode(event.target.value)}
          placeholder={language === 'javascript' ? 'console.log(1 + 1)' : 'print(1 + 1)'}
          spellCheck={false}
          autoComplete="off"
          autoCapitalize="none"
        />
        <button type="submit" className="button small" disabled={running || code.trim() === ''}>
          <Play size={14} /> {t('execute')}
        </button>
      </form>
      {result !== undefined && (
        <pre className="machine-output" aria-live="polite">
          {result.stdout}
          {result.stderr !== '' && <span className="run-stderr">{result.stderr}</span>}
          <span className="text-muted">
            {result.killedBy === null
              ? t('exit', {
                  code: result.exitCode ?? '–',
                  time: formatDuration(result.durationMs, shown),
                })
              : t('ended', { limit: result.killedBy })}
          </span>
        </pre>
      )}
    </>
  );
}

function SnapshotRow({ snapshot, busy, act }: RowProps & { readonly snapshot: Snapshot }) {
  const t = useText('machines');
  const language = useLanguage();
  const { snapshotId, name, sizeBytes, createdAt } = snapshot;
  return (
    <div className="machine row">
      <History size={16} className="text-muted" />
      <strong className="clip">{name}</strong>
      <span className="text-second clip grow">
        {formatBytes(sizeBytes, language)} · {formatInstant(createdAt, language)}
      </span>
      <button
        type="button"
        className="button small"
        disabled={busy}
        onClick={() =>
          void act(snapshotId, () => rpc.call('micro.restore', { snapshotId }), t('restored', { name }))
        }
      >
        <Play size={14} /> {t('restore')}
      </button>
      <button
        type="button"
        className="icon-button small"
        aria-label={t('remove', { name })}
        title={t('remove', { name })}
        disabled={busy}
        onClick={() =>
          void act(
            snapshotId,
            () => rpc.call('micro.snapshot.delete', { snapshotId }),
            t('removed', { name }),
          )
        }
      >
        <Trash2 size={14} />
      </button>
    </div>
  );
}
