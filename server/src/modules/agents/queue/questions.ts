import { newId } from '#base/ids.ts';
import type { Database } from '#kernel/database/database.ts';
import type { AgentsConfig } from '../config.ts';
import type { Consent, ConsentDecision } from '../contract-consent.ts';
import type { ConsentNeed, Conversation } from '../control/work.ts';
import type { Orchestrator } from './orchestrator.ts';
import { type TaskRow, takeConsent, unansweredTasks, updateTask } from './task-store.ts';

/** What tasks ask leave for: durable, answered once, by nobody but a user, and refused when the time is over. */
export interface Questions {
  consentOf(need: ConsentNeed, conversation: Conversation): Consent;
  /** Enters what was decided and lets the task go on; false when it does not ask that any more. */
  decide(
    task: TaskRow,
    consent: Consent,
    answer: {
      readonly decision: ConsentDecision;
      /** Nobody, when the time was over. */
      readonly by: { readonly userId: string | null; readonly text: string };
    },
  ): Promise<boolean>;
  /** Silence is no consent: tasks whose time is over go on without. */
  expire(): Promise<void>;
}

const unanswered = {
  en: 'Nobody has answered in time.',
  de: 'Niemand hat rechtzeitig geantwortet.',
} as const;

export function createQuestions(deps: {
  readonly database: Database;
  readonly config: Pick<AgentsConfig, 'consentMs'>;
  readonly now: () => number;
  readonly logIn: Orchestrator['logIn'];
}): Questions {
  const { database, config, now, logIn } = deps;

  const decide: Questions['decide'] = (task, { consentId }, { decision, by }) =>
    database.transaction(async (transaction) => {
      const { taskId } = task;
      if (!(await takeConsent(transaction, { taskId, consentId }))) return false;
      const conversation = { ...(task.conversation as object), decision, reply: by.text };
      const change = { status: 'pending', question: null, conversation } as const;
      if (!(await updateTask(transaction, taskId, { from: ['waiting_for_input'], change }))) return false;
      await logIn(transaction, task, { kind: 'replied', data: { ...by, decision } });
      return true;
    });

  return {
    consentOf({ kind, subjects }, { guarded, sources = [] }) {
      return {
        consentId: newId(now()),
        kind,
        subjects: [...subjects],
        sources: [...sources],
        // At the end there is nothing that would come again.
        choices: guarded === undefined ? ['once', 'task', 'no'] : ['once', 'no'],
        until: new Date(now() + config.consentMs).toISOString(),
      };
    },
    decide,
    async expire() {
      for (const task of await unansweredTasks(database, new Date(now()))) {
        if (task.consent === null) continue;
        const by = { userId: null, text: unanswered[task.language] };
        await decide(task, task.consent, { decision: 'no', by });
      }
    },
  };
}
