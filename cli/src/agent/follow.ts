import { setTimeout as sleep } from 'node:timers/promises';
import type { Language } from '@cyberdevstudio/server/base/fault.ts';
import { agentsContract } from '@cyberdevstudio/server/modules/agents/contract.ts';
import type { Step, Writing } from '@cyberdevstudio/server/modules/agents/contract-shapes.ts';
import { isRemoteError, type Remote } from '../remote.ts';
import { streamRemote } from '../remote-stream.ts';
import type { Terminal } from '../terminal.ts';
import { reasonText } from './reasons.ts';

type Agents = Remote<typeof agentsContract>;

const pollMs = 400;

/**
 * Prints the steps of a task until it rests; where somebody looks on, also the answers of its model while they are
 * written. When that stream breaks, it goes on with what the log has.
 */
export async function followTask(agents: Agents, taskId: string, terminal: Terminal): Promise<void> {
  const { write } = terminal;
  const after = write === undefined ? 0 : await followLive(taskId, terminal, write);
  for (let seen = after; ; await sleep(pollMs)) {
    const { status } = await agents.call('agent.status', { taskId });
    seen = await printSteps(agents, { taskId, after: seen }, terminal);
    if (!['pending', 'running'].includes(status)) return;
  }
}

/** The last step that was printed. */
async function followLive(
  taskId: string,
  terminal: Terminal,
  write: (text: string) => void,
): Promise<number> {
  const draft = createDraft(write);
  let after = 0;
  try {
    const chunks = streamRemote(
      agentsContract,
      { method: 'agent.watch', params: { taskId, live: true } },
      terminal,
    );
    for await (const chunk of chunks) {
      if (chunk.kind === 'writing') draft.add(chunk);
      else {
        draft.end(chunk);
        terminal.print(lineOf(chunk, terminal.language));
        after = chunk.sequence;
      }
    }
  } catch (error) {
    if (isRemoteError(error)) throw error;
    draft.end(null);
  }
  return after;
}

/** The answer that is being written, on the lines under the last step. */
function createDraft(write: (text: string) => void) {
  let after = -1;
  let end = 0;
  let open = false;

  function say(text: string): void {
    const plain = withoutControls(text);
    if (plain === '') return;
    open = true;
    write(plain);
  }

  return {
    add(piece: Writing): void {
      // Decisions are for the platform, not for people.
      if (piece.form === 'choice' || piece.after < after) return;
      if (piece.after > after) {
        after = piece.after;
        end = 0;
      }
      const news = piece.from + piece.text.length - end;
      if (news <= 0) return;
      if (piece.from > end) say('…');
      say(piece.text.slice(-news));
      end = piece.from + piece.text.length;
    },
    /** A step follows: the model's own has the whole answer, of which the last words may not have come yet. */
    end(step: Step | null): void {
      if (open && step?.kind === 'model') {
        const { text } = (step.data.answer ?? {}) as { text?: unknown };
        if (typeof text === 'string') say(text.slice(end));
      }
      if (open) write('\n');
      open = false;
      end = 0;
    },
  };
}

/** What a model writes must not steer the terminal. */
function withoutControls(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '');
}

async function printSteps(
  agents: Agents,
  from: { taskId: string; after: number },
  terminal: Terminal,
): Promise<number> {
  let { after } = from;
  for (;;) {
    const { steps, more } = await agents.call('agent.history', { taskId: from.taskId, after, limit: 100 });
    for (const step of steps) terminal.print(lineOf(step, terminal.language));
    after = steps.at(-1)?.sequence ?? after;
    if (!more) return after;
  }
}

/** One line of the log. */
export function lineOf({ at, kind, data }: Step, language: Language): string {
  const why = reasonText(data.reason ?? data.refused, language);
  const parts = [data.name, why].filter((part) => typeof part === 'string' && part !== '');
  const said = data.question ?? data.summary ?? data.code ?? data.task ?? '';
  const text = parts.length > 0 ? parts.join(': ') : typeof said === 'string' ? said : JSON.stringify(said);
  return `${at.slice(11, 19)}  ${kind.padEnd(11)} ${text.split('\n')[0]?.slice(0, 160) ?? ''}`.trimEnd();
}
