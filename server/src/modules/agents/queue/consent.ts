import type { Language } from '#base/fault.ts';
import type { Blobs } from '../changes/blobs.ts';
import type { FileChange } from '../changes/differences.ts';
import { guardReason, reasonText } from '../tools/guarded.ts';

/** A change that needs its user's consent before it is even proposed. */
export interface GuardedChange {
  readonly path: string;
  readonly why: string;
}

const mostSources = 6;

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
  const list = guarded.map(({ path, why }) => `- ${path}: ${why}`).join('\n');
  const shown = sources.slice(0, mostSources).join(', ');
  const more = sources.length - mostSources;
  if (language === 'de') {
    const read =
      sources.length === 0
        ? ''
        : `\nDer Agent hat Fremdes gelesen: ${shown}${more > 0 ? ` und ${more} mehr` : ''}.`;
    return `Soll der Agent diese Dateien ändern? Sie wirken über das Projekt hinaus:\n${list}${read}\nja: sie stehen im Vorschlag; nein: sie bleiben, wie sie waren.`;
  }
  const read =
    sources.length === 0
      ? ''
      : `\nThe agent has read what others wrote: ${shown}${more > 0 ? ` and ${more} more` : ''}.`;
  return `May the agent change these files? They reach beyond the project:\n${list}${read}\nyes: they are part of the proposal; no: they stay as they were.`;
}
