import type { Language } from '#base/fault.ts';
import type { Blobs } from '../changes/blobs.ts';
import type { FileChange } from '../changes/differences.ts';
import { guardReason, reasonText } from '../tools/guarded.ts';
import { sourcesLine } from '../tools/needs.ts';

/** A change that needs its user's consent before it is even proposed. */
export interface GuardedChange {
  readonly path: string;
  readonly why: string;
}

/**
 * Which changes decide what runs, or what agents are told, elsewhere and later. The copy is looked at, not the calls of the
 * model: a program of the task can write such a file just as well. What the user has named or agreed to is let through.
 */
export async function guardedChanges(
  changes: readonly FileChange[],
  parts: { readonly blobs: Blobs; readonly allowed: ReadonlySet<string>; readonly language: Language },
): Promise<GuardedChange[]> {
  const { blobs, allowed, language } = parts;
  const textOf = async (hash: string | null) => (hash === null ? null : (await blobs.get(hash)).toString());
  const guarded: GuardedChange[] = [];
  for (const { path, baseHash, afterHash } of changes) {
    if (allowed.has(path)) continue;
    const reason = guardReason({ path, before: await textOf(baseHash), after: await textOf(afterHash) });
    if (reason !== null) guarded.push({ path, why: reasonText(reason)[language] });
  }
  return guarded;
}

/** The question to the user: what it is about, why it is asked, and whose words the agent has read. */
export function consentQuestion(
  guarded: readonly GuardedChange[],
  { sources, language }: { readonly sources: readonly string[]; readonly language: Language },
): string {
  const list = guarded.map(({ path, why }) => `- ${path}: ${why}`);
  const read = sourcesLine(sources, language);
  const [question, answers] =
    language === 'de'
      ? [
          'Soll der Agent diese Dateien ändern? Sie wirken über das Projekt hinaus:',
          'ja: sie stehen im Vorschlag; nein: sie bleiben, wie sie waren.',
        ]
      : [
          'May the agent change these files? They reach beyond the project:',
          'yes: they are part of the proposal; no: they stay as they were.',
        ];
  return [question, ...list, ...read, answers].join('\n');
}
