import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentContext, StopReason } from '@agentclientprotocol/sdk';
import { methods } from '@agentclientprotocol/sdk';
import type { ResultOf } from '@cyberdevstudio/server/base/contract.ts';
import { fault, type Language } from '@cyberdevstudio/server/base/fault.ts';
import { createFaultCatalogue } from '@cyberdevstudio/server/kernel/rpc/fault-catalogue.ts';
import type { agentsContract } from '@cyberdevstudio/server/modules/agents/contract.ts';
import { allContracts } from '../contracts.ts';
import type { Remote } from '../remote.ts';
import type { Session } from './session-store.ts';
import { diffsOf, messageOf, updateOf } from './updates.ts';

export interface TurnParts {
  readonly agents: Remote<typeof agentsContract>;
  readonly client: AgentContext;
  readonly session: Session;
  readonly taskId: string;
  /** Steps that the editor has been told of. */
  readonly after: number;
  readonly language: Language;
  readonly signal: AbortSignal;
}

type Status = ResultOf<typeof agentsContract, 'agent.status'>;

const pollMs = 300;

/** Tells the editor the steps of a task that it does not know yet; answers the number of the last one. */
export async function tellSteps(parts: TurnParts): Promise<number> {
  const { agents, client, session, taskId, language } = parts;
  let { after } = parts;
  for (;;) {
    const { steps, more } = await agents.call('agent.history', { taskId, after, limit: 100 });
    for (const step of steps) {
      const update = updateOf(step, { taskId, folder: session.folder, language });
      if (update !== null)
        await client.notify(methods.client.session.update, { sessionId: session.sessionId, update });
    }
    after = steps.at(-1)?.sequence ?? after;
    if (!more) return after;
  }
}

/**
 * Follows a task until it rests, then has the user decide about what it proposes. When the editor cancels, the task ends.
 */
export async function followTask(parts: TurnParts): Promise<StopReason> {
  const { agents, taskId, signal } = parts;
  let { after } = parts;
  for (;;) {
    if (signal.aborted) {
      // It may have ended by itself meanwhile.
      await agents.call('agent.cancel', { taskId }).catch(() => undefined);
      return 'cancelled';
    }
    const status = await agents.call('agent.status', { taskId });
    after = await tellSteps({ ...parts, after });
    if (['pending', 'running'].includes(status.status)) {
      await sleep(pollMs, undefined, { signal }).catch(() => undefined);
      continue;
    }
    if (status.status === 'waiting_for_input') {
      if (!(await answerQuestion(parts, status))) return signal.aborted ? 'cancelled' : 'end_turn';
      continue;
    }
    if (status.status === 'cancelled') return 'cancelled';
    if (status.problem !== null) await say(parts, problemText(status, parts.language));
    if (status.changeState === 'proposed') await decide(parts, status);
    return signal.aborted ? 'cancelled' : 'end_turn';
  }
}

/** Asks by the editor's buttons where the agent asks leave or yes or no will do; else the next prompt is the answer. */
async function answerQuestion(parts: TurnParts, { question, consent }: Status): Promise<boolean> {
  const text = question ?? '';
  await say(parts, `${text}\n`);
  if (consent === null && !/\b(yes|ja)\b/i.test(text)) return false;
  const { agents, taskId, language } = parts;
  const title = text.split('\n')[0] ?? '';
  const yes =
    consent === null ? { en: 'Yes', de: 'Ja' } : { en: 'Allow this time', de: 'Dieses Mal erlauben' };
  const no = { en: 'No', de: 'Nein' }[language];
  const choice = await ask(parts, { title, toolCallId: `${taskId}/question`, yes: yes[language], no });
  if (choice === null) return false;
  if (consent === null) await agents.call('agent.reply', { taskId, text: choice ? 'yes' : 'no' });
  else {
    const { consentId } = consent;
    await agents.call('agent.consent', { taskId, consentId, decision: choice ? 'once' : 'no' });
  }
  return true;
}

async function decide(parts: TurnParts, { changeSet }: Status): Promise<void> {
  const { agents, client, session, taskId, language } = parts;
  const count = changeSet.length;
  const title = {
    en: `Proposed change of ${count} ${count === 1 ? 'file' : 'files'}`,
    de: `Vorgeschlagene Änderung an ${count} ${count === 1 ? 'Datei' : 'Dateien'}`,
  }[language];
  const toolCallId = `${taskId}/change`;
  const { sessionId } = session;
  const content = diffsOf(changeSet, session.folder);
  await client.notify(methods.client.session.update, {
    sessionId,
    update: { sessionUpdate: 'tool_call', toolCallId, title, kind: 'edit', status: 'pending', content },
  });
  const yes = { en: 'Apply to the project', de: 'Ins Projekt übernehmen' }[language];
  const no = { en: 'Reject', de: 'Ablehnen' }[language];
  const choice = await ask(parts, { title, toolCallId, yes, no });
  const settle = (status: 'completed' | 'failed') =>
    client.notify(methods.client.session.update, {
      sessionId,
      update: { sessionUpdate: 'tool_call_update', toolCallId, status },
    });
  if (choice === null) {
    await settle('failed');
    const later = {
      en: `It stays proposed: cds agent apply ${taskId}\n`,
      de: `Sie bleibt vorgeschlagen: cds agent apply ${taskId}\n`,
    };
    return say(parts, later[language]);
  }
  if (!choice) {
    await agents.call('agent.reject', { taskId });
    await settle('failed');
    return;
  }
  const { conflicts } = await agents.call('agent.apply', { taskId });
  await settle(conflicts.length === 0 ? 'completed' : 'failed');
  if (conflicts.length === 0) return;
  const names = conflicts.map(({ path }) => path).join(', ');
  const text = {
    en: `Nothing was written: ${names} changed meanwhile. Settle it in the studio, under Agents.\n`,
    de: `Nichts wurde geschrieben: ${names} hat sich inzwischen geändert. Lösen Sie es im Studio unter Agenten.\n`,
  };
  await say(parts, text[language]);
}

/** Yes, no, or null when the editor leaves the question. */
async function ask(
  { client, session }: TurnParts,
  question: {
    readonly title: string;
    readonly toolCallId: string;
    readonly yes: string;
    readonly no: string;
  },
): Promise<boolean | null> {
  const { title, toolCallId, yes, no } = question;
  const { outcome } = await client.request(methods.client.session.requestPermission, {
    sessionId: session.sessionId,
    toolCall: { toolCallId, title },
    options: [
      { optionId: 'yes', name: yes, kind: 'allow_once' },
      { optionId: 'no', name: no, kind: 'reject_once' },
    ],
  });
  return outcome.outcome === 'selected' ? outcome.optionId === 'yes' : null;
}

async function say({ client, session }: TurnParts, text: string): Promise<void> {
  const { sessionId } = session;
  await client.notify(methods.client.session.update, { sessionId, update: messageOf(text) });
}

function problemText({ problem }: Status, language: Language): string {
  if (problem === null) return '';
  const reader = { language, traceId: '-' };
  const { detail, hint } = createFaultCatalogue(allContracts).describe(
    fault(problem.code, problem.data),
    reader,
  );
  return `${detail} ${hint}\n`;
}
