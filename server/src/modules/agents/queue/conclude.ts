import { fault } from '#base/fault.ts';
import type { Worktree } from '../changes/worktree.ts';
import type { CheckContext } from '../checks/check.ts';
import type { Conversation, Outcome } from '../control/work.ts';
import type { Checks } from './checks-of.ts';
import { consentQuestion, guardedChanges } from './consent.ts';
import type { Room } from './room.ts';
import type { Ended } from './runner.ts';
import type { Secrets } from './secrets.ts';
import type { TaskRow } from './task-store.ts';

/** Takes guarded files back where the user did not agree, and looks again whether the rest is valid. */
export async function afterConsent(
  { guarded, decision = 'no' }: Conversation,
  given: Checks & { readonly copy: { readonly worktree: Worktree } },
): Promise<Outcome> {
  const { copy, context, validate } = given;
  const { paths, summary } = guarded ?? { paths: [], summary: '' };
  if (decision === 'no') {
    for (const path of paths) {
      const before = await copy.worktree.base(path);
      if (before === null) await context.bench.remove(path);
      else await context.bench.write(path, before.toString());
    }
  }
  const checked = await validate();
  if (!checked.passed) throw fault('agents.check_failed', { reason: checked.reason });
  return { kind: 'done', summary, checked };
}

/** Files that reach beyond the project and that the user has let the task change. */
function consentedPaths(earlier: Conversation | null): string[] {
  if (earlier === null) return [];
  const { consented = [], pending, guarded, decision = 'no' } = earlier;
  if (decision === 'no') return [...consented];
  const asked = pending?.consent?.kind === 'guarded' ? pending.consent.subjects : [];
  return [...consented, ...asked, ...(guarded?.paths ?? [])];
}

/** The end of a run: a proposal, or a question with all that is needed to go on from there. */
export async function concluded(
  outcome: Outcome,
  given: {
    readonly task: TaskRow;
    readonly room: Room;
    readonly copy: { readonly worktree: Worktree };
    readonly context: CheckContext;
    readonly work: { readonly sources: ReadonlySet<string> };
    readonly model: string;
    readonly earlier: Conversation | null;
    readonly secrets: Secrets;
  },
): Promise<Ended> {
  const { task, room, context, model, earlier } = given;
  const { language } = task;
  const sources = [...given.work.sources];
  const consented = consentedPaths(earlier);
  const secrets = [...given.secrets.paths];
  const kept = { baseline: context.baseline, sources, model, consented, secrets };
  if (outcome.kind === 'ask') {
    return { ...outcome, conversation: { ...outcome.conversation, ...kept } };
  }
  const changes = await given.copy.worktree.changes();
  const allowed = new Set([...task.files, ...consented]);
  const guarded = await guardedChanges(changes, { blobs: room.blobs, allowed, language });
  if (guarded.length > 0) {
    const subjects = guarded.map(({ path }) => path);
    const conversation: Conversation = {
      messages: [],
      approved: [],
      pending: null,
      ...kept,
      guarded: { paths: subjects, summary: outcome.summary },
    };
    const consent = { kind: 'guarded', key: JSON.stringify(['guarded', ...subjects]), subjects } as const;
    return { kind: 'ask', question: consentQuestion(guarded, { sources, language }), consent, conversation };
  }
  const findings = outcome.checked.findings ?? [];
  return { kind: 'done', summary: outcome.summary, changes, findings };
}
