import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ArrowUp, ChevronDown, FileCode, Plus, Search, SlidersHorizontal, TextSelect, X } from 'lucide-react';
import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { chatModelsQuery } from '../../app/queries.ts';
import { useUser } from '../../app/session.ts';
import { useText } from '../../i18n/language.ts';
import { isRpcFault } from '../../rpc/fault.ts';
import { useStore } from '../../ui/store.ts';
import { type AgentName, agentIcons, agentNames } from './agent-names.ts';
import type { Task } from './agent-queries.ts';
import { ContextPicker } from './context-picker.tsx';
import {
  type Chip,
  changeDraft,
  composerRequests,
  draftOf,
  isNoAmount,
  keyOfChip,
  withChip,
} from './draft.ts';
import { sendTask } from './send-task.ts';
import { TaskOptions } from './task-options.tsx';

interface ComposerProps {
  readonly projectId: string;
  readonly tasks: readonly Task[];
  /** The file in the editor, offered as context. */
  readonly currentFile: string | undefined;
  readonly onSent: (taskId: string) => void;
}

/** Where a task is written: words, what it is about, who does it. What is typed stays until the server has it. */
export function Composer({ projectId, tasks, currentFile, onSent }: ComposerProps) {
  const t = useText('agents');
  const draft = useStore(draftOf(projectId));
  const asked = useStore(composerRequests);
  const [picking, setPicking] = useState(false);
  const [options, setOptions] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>();
  const field = useRef<HTMLTextAreaElement>(null);
  const Icon = agentIcons[draft.agent];
  const commandMissing = draft.agent === 'debug' && draft.command.trim() === '';
  const noAmount = isNoAmount(draft.money);
  const ready = draft.text.trim() !== '' && !commandMissing && !noAmount && !busy;

  useEffect(() => {
    if (asked > 0) field.current?.focus();
  }, [asked]);

  async function send() {
    if (!ready) return;
    setBusy(true);
    setProblem(undefined);
    try {
      onSent(await sendTask(projectId, draft));
    } catch (error) {
      setProblem(error);
    } finally {
      setBusy(false);
    }
  }

  function onKey(event: KeyboardEvent) {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      void send();
    }
  }

  function onText(text: string, caret: number) {
    changeDraft(projectId, { text });
    if (text.length > draft.text.length && /(?:^|\s)@$/.test(text.slice(0, caret))) setPicking(true);
  }

  function pick(chip: Chip) {
    // The sign that opened the list has done its work.
    const text = draft.text.replace(/(^|\s)@$/, '$1');
    changeDraft(projectId, { text, chips: withChip(draft.chips, chip) });
    field.current?.focus();
  }

  const offered =
    currentFile !== undefined &&
    !draft.chips.some((chip) => chip.kind === 'file' && chip.path === currentFile);
  return (
    <div className="composer">
      {problem !== undefined && (
        <p className="composer-problem" role="alert">
          <strong>{isRpcFault(problem) ? problem.message : t('notSent')}</strong>{' '}
          {isRpcFault(problem) ? problem.hint : ''} {t('notSent')}
        </p>
      )}
      <textarea
        ref={field}
        className="composer-field"
        rows={2}
        aria-label={t('message')}
        placeholder={t('messageHint')}
        value={draft.text}
        maxLength={40_000}
        onChange={({ target }) => onText(target.value, target.selectionStart)}
        onKeyDown={onKey}
      />
      <div className="chips">
        {draft.chips.map((chip) => (
          <ChipView
            key={keyOfChip(chip)}
            chip={chip}
            onRemove={() =>
              changeDraft(projectId, {
                chips: draft.chips.filter((other) => keyOfChip(other) !== keyOfChip(chip)),
              })
            }
          />
        ))}
        {offered && (
          <button
            type="button"
            className="chip add-context"
            title={t('currentFile', { name: currentFile })}
            onClick={() => pick({ kind: 'file', path: currentFile })}
          >
            <Plus size={13} /> {currentFile.slice(currentFile.lastIndexOf('/') + 1)}
          </button>
        )}
        <ContextPicker projectId={projectId} open={picking} onOpenChange={setPicking} onPick={pick} />
      </div>
      {(options || noAmount || draft.agent === 'debug') && (
        <TaskOptions
          projectId={projectId}
          tasks={tasks}
          all={options || noAmount}
          commandMissing={commandMissing}
        />
      )}
      <div className="composer-foot">
        <label className="pick">
          <span className="visually-hidden">{t('agent')}</span>
          <Icon size={14} className="tone-agent" />
          <select
            value={draft.agent}
            onChange={({ target }) => changeDraft(projectId, { agent: target.value as AgentName })}
          >
            {agentNames.map((agent) => (
              <option key={agent} value={agent}>
                {t(`full.${agent}`)}
              </option>
            ))}
          </select>
          <ChevronDown size={12} />
        </label>
        <ModelPicker projectId={projectId} />
        <span className="grow" />
        <button
          type="button"
          className="icon-button small"
          aria-label={t('options')}
          title={t('options')}
          aria-expanded={options}
          onClick={() => setOptions(!options)}
        >
          <SlidersHorizontal size={14} />
        </button>
        <button
          type="button"
          className="send"
          aria-label={busy ? t('sending') : t('send')}
          title={`${t('send')} (${t('sendKeys')})`}
          aria-disabled={!ready}
          aria-busy={busy}
          onClick={() => void send()}
        >
          <ArrowUp size={16} />
        </button>
      </div>
    </div>
  );
}

function ChipView({ chip, onRemove }: { chip: Chip; onRemove: () => void }) {
  const t = useText('agents');
  const nameOf = (path: string) => path.slice(path.lastIndexOf('/') + 1);
  const label =
    chip.kind === 'search'
      ? t('chipSearch', { query: chip.query })
      : chip.kind === 'file'
        ? nameOf(chip.path)
        : t('chipLines', { path: nameOf(chip.path), from: chip.startLine, to: chip.endLine });
  const Icon = chip.kind === 'search' ? Search : chip.kind === 'file' ? FileCode : TextSelect;
  return (
    <span className="chip" title={chip.kind === 'search' ? chip.query : chip.path}>
      <Icon size={13} />
      <span className="clip">{label}</span>
      <button
        type="button"
        className="chip-remove"
        aria-label={t('removeChip', { name: label })}
        onClick={onRemove}
      >
        <X size={12} />
      </button>
    </span>
  );
}

function ModelPicker({ projectId }: { projectId: string }) {
  const t = useText('agents');
  const admin = useUser().role === 'admin';
  const models = useQuery(chatModelsQuery).data;
  const draft = useStore(draftOf(projectId));
  if (models !== undefined && models.length === 0) {
    return (
      <span className="composer-note">
        {t('noModel')}{' '}
        {admin && (
          <Link to="/manage/$section" params={{ section: 'models' }}>
            {t('openModels')}
          </Link>
        )}
      </span>
    );
  }
  return (
    <label className="pick">
      <span className="visually-hidden">{t('model')}</span>
      <select
        value={draft.model ?? ''}
        onChange={({ target }) =>
          changeDraft(projectId, { model: target.value === '' ? undefined : target.value })
        }
      >
        <option value="">{t('modelAuto')}</option>
        {models?.map(({ id }) => (
          <option key={id} value={id}>
            {id}
          </option>
        ))}
      </select>
      <ChevronDown size={12} />
    </label>
  );
}
