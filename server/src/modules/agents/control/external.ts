import type { Call, Client } from '#base/contract.ts';
import { fault } from '#base/fault.ts';
import type { connectionsContract } from '#modules/connections/contract.ts';
import { asData } from '../tools/untrusted.ts';
import type { LiveText } from './live-text.ts';
import type { Outcome, Work } from './work.ts';

/** All but what belongs to a model of ours. */
type Given = Omit<Work, 'model' | 'facts' | 'learnt' | 'editFormat'>;

const repairs = 2;
const summaryCharacters = 300;
const answerCharacters = 64 * 1024;

/** A model of this form is another agent of the project. */
const prefix = 'acp/';

/** The name of the other agent when a model is one; null for models. */
export function externalAgentOf(model: string): string | null {
  return model.startsWith(prefix) ? model.slice(prefix.length) : null;
}

/**
 * Has another agent, that speaks the Agent Client Protocol, do the work in the task's copy. What counts is what it leaves
 * there: that is checked and proposed like the work of any agent; its words are only told. It may mend what the check
 * refuses, as often as others may.
 */
export async function workWithExternalAgent(
  work: Given,
  other: {
    readonly connections: Client<typeof connectionsContract>;
    readonly projectId: string;
    readonly taskId: string;
    readonly agent: string;
    readonly call: Call;
    readonly live: LiveText;
  },
): Promise<Outcome> {
  const { connections, projectId, taskId, agent, call, live } = other;
  let text = opening(work);
  for (let round = 0; ; round += 1) {
    work.signal.throwIfAborted();
    const stream = connections.stream('connection.agent.prompt', { projectId, taskId, agent, text }, call);
    let said = '';
    let writing = live.begin('words');
    const stopReason = await (async () => {
      for (;;) {
        const next = await stream.next();
        if (next.done === true) return next.value.stopReason;
        const update = next.value;
        if (update.kind === 'text') {
          said = (said + update.text).slice(0, answerCharacters);
          writing.add({ text: update.text, tool: null });
        } else {
          const state = update.kind === 'tool' ? update.state : update.granted ? 'granted' : 'refused';
          await work.log('tool', { name: `${prefix}${agent}`, arguments: update.title, result: state });
          writing = live.begin('words');
        }
      }
    })();
    writing.end();
    work.sawData(`${prefix}${agent}`);
    await work.log('model', {
      model: `${prefix}${agent}`,
      question: text,
      answer: { text: said, stopReason },
    });
    const checked = await work.validate();
    if (checked.passed) return { kind: 'done', summary: summaryOf(said, agent), checked };
    if (round >= repairs) throw fault('agents.check_failed', { reason: checked.reason });
    await work.log('retry', { round: round + 1, reason: checked.reason });
    text = `The check failed (${checked.reason.en}); mend it.\n${asData('the check', checked.output)}`;
  }
}

function opening({ definition, projectRules, task, files }: Given): string {
  return [
    task,
    ...(files.length === 0 ? [] : [`It is about: ${files.join(', ')}`]),
    `It is right when ${definition.goal}.`,
    ...(projectRules === '' ? [] : [`Rules of the project:\n${projectRules}`]),
    'Work on the files in the present folder. Do not commit, and ask nothing: nobody is there to answer.',
  ].join('\n\n');
}

/** The last line that it said, as one of its own words. */
function summaryOf(said: string, agent: string): string {
  const line = said.trim().split('\n').at(-1)?.trim() ?? '';
  return line === '' ? `${agent} has finished` : line.slice(0, summaryCharacters);
}
