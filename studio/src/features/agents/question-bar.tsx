import { useState } from 'react';
import { useText } from '../../i18n/language.ts';
import { rpc } from '../../rpc/client.ts';
import { readStored, writeStored } from '../../ui/local-storage.ts';
import { toastFault } from '../../ui/toasts.tsx';
import { agentIcons } from './agent-names.ts';
import type { Step, Task } from './agent-queries.ts';
import { refreshAfter } from './task-actions.ts';

/** A question of an agent that waits: it stays above the composer until it was answered. */
export function QuestionBar({ task, steps }: { task: Task; steps: readonly Step[] }) {
  const t = useText('agents');
  const key = `cds.agents.answer.${task.taskId}`;
  const [answer, setAnswer] = useState(() => readStored<string>(key) ?? '');
  const [busy, setBusy] = useState(false);
  const Icon = agentIcons[task.agent];
  // What it asks leave for is a program; anything else is answered in words.
  const asked = steps.findLast(({ kind }) => kind === 'tool')?.data.name;

  async function reply(text: string) {
    if (busy || text.trim() === '') return;
    setBusy(true);
    try {
      await rpc.call('agent.reply', { taskId: task.taskId, text });
      writeStored(key, null);
      setAnswer('');
    } catch (error) {
      toastFault(error);
    }
    await refreshAfter(task);
    setBusy(false);
  }

  return (
    <section
      className="agent-question"
      aria-live="assertive"
      aria-label={t('asks', { name: t(`full.${task.agent}`) })}
    >
      <div className="agent-question-text">
        <Icon size={14} className="tone-warning" />
        <p>
          <strong>{t(`full.${task.agent}`)}</strong> {task.question}
        </p>
      </div>
      {asked !== undefined && asked !== 'ask' && (
        <div className="row">
          <button type="button" className="button small" disabled={busy} onClick={() => void reply('yes')}>
            {t('allow')}
          </button>
          <button
            type="button"
            className="button small ghost"
            disabled={busy}
            onClick={() => void reply('no')}
          >
            {t('refuse')}
          </button>
        </div>
      )}
      <form
        className="row"
        onSubmit={(event) => {
          event.preventDefault();
          void reply(answer);
        }}
      >
        <input
          className="input"
          aria-label={t('yourAnswer')}
          placeholder={t('yourAnswer')}
          value={answer}
          maxLength={20_000}
          onChange={(event) => {
            setAnswer(event.target.value);
            writeStored(key, event.target.value);
          }}
        />
        <button type="submit" className="button" aria-busy={busy} disabled={answer.trim() === ''}>
          {t('answer')}
        </button>
      </form>
    </section>
  );
}
