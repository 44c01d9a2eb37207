import { useState } from 'react';
import { useLanguage, useText } from '../../i18n/language.ts';
import { rpc } from '../../rpc/client.ts';
import { formatInstant } from '../../ui/format.ts';
import { readStored, writeStored } from '../../ui/local-storage.ts';
import { toastFault } from '../../ui/toasts.tsx';
import { agentIcons } from './agent-names.ts';
import type { Task } from './agent-queries.ts';
import { refreshAfter } from './task-actions.ts';

type Decision = NonNullable<Task['consent']>['choices'][number];

/**
 * A question of an agent that waits: it stays above the composer until it was answered. Where the agent asks leave, the
 * answer is one of the buttons, for exactly the question that is shown; anything else is answered in words.
 */
export function QuestionBar({ task }: { task: Task }) {
  const t = useText('agents');
  const language = useLanguage();
  const key = `cds.agents.answer.${task.taskId}`;
  const [answer, setAnswer] = useState(() => readStored<string>(key) ?? '');
  const [busy, setBusy] = useState(false);
  const Icon = agentIcons[task.agent];
  const { taskId, consent } = task;

  async function send(answered: () => Promise<unknown>) {
    if (busy) return;
    setBusy(true);
    try {
      await answered();
      writeStored(key, null);
      setAnswer('');
    } catch (error) {
      toastFault(error);
    }
    await refreshAfter(task);
    setBusy(false);
  }

  async function reply(text: string) {
    if (text.trim() !== '') await send(() => rpc.call('agent.reply', { taskId, text }));
  }

  async function decide(consentId: string, decision: Decision) {
    await send(() => rpc.call('agent.consent', { taskId, consentId, decision }));
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
      {consent !== null && (
        <div className="agent-question-choices">
          {consent.choices.map((decision) => (
            <button
              key={decision}
              type="button"
              className={decision === 'no' ? 'button small ghost' : 'button small'}
              disabled={busy}
              onClick={() => void decide(consent.consentId, decision)}
            >
              {t(`consent.${decision}`)}
            </button>
          ))}
          <p className="text-muted">{t('consent.until', { time: formatInstant(consent.until, language) })}</p>
        </div>
      )}
      {consent === null && (
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
      )}
    </section>
  );
}
