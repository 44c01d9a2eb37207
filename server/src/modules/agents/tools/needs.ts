import type { Language, LocalizedText } from '#base/fault.ts';
import { isSecretFile } from '../changes/secret-files.ts';
import type { ConsentNeed, Work } from '../control/work.ts';
import { guardReason, reasonText } from './guarded.ts';

/** What a task needs its user's leave for, and how they are asked. */

interface Asking {
  readonly kind: 'ask';
  readonly question: string;
  readonly consent: ConsentNeed;
}

type About = Pick<Work, 'language' | 'sources'>;

/** Null for a file that the user has named or agreed to, and for one that holds no secrets. */
export function secretNeed(
  { files, language, sources }: Pick<Work, 'files'> & About,
  path: string,
  approved: readonly string[],
): Asking | null {
  if (!isSecretFile(path) || files.includes(path)) return null;
  const key = JSON.stringify(['secret', path]);
  if (approved.includes(key)) return null;
  const consent = { kind: 'secret', key, subjects: [path] } as const;
  const what = {
    en: `May the agent read this file? It usually holds secrets, and the model gets what it reads.\n${path}`,
    de: `Darf der Agent diese Datei lesen? Sie enthält meist Geheimnisse, und das Modell bekommt, was er liest.\n${path}`,
  };
  return { kind: 'ask', question: asked(what, { language, sources }), consent };
}

/** Null for a change that needs nobody's consent beyond the review. */
export async function guardedNeed(
  { files, context, language, sources }: Pick<Work, 'files' | 'context'> & About,
  change: { readonly path: string; readonly after: string | null },
  approved: readonly string[],
): Promise<Asking | null> {
  const { path, after } = change;
  // The repository's own folder cannot be written at all.
  if (files.includes(path) || /(^|\/)\.git(\/|$)/i.test(path)) return null;
  const reason = guardReason({ path, before: await context.before(path), after });
  const key = JSON.stringify(['guarded', path]);
  if (reason === null || approved.includes(key)) return null;
  const why = reasonText(reason);
  const what = {
    en: `May the agent change this file? It reaches beyond the project.\n${path}: ${why.en}`,
    de: `Darf der Agent diese Datei ändern? Sie wirkt über das Projekt hinaus.\n${path}: ${why.de}`,
  };
  const consent = { kind: 'guarded', key, subjects: [path] } as const;
  return { kind: 'ask', question: asked(what, { language, sources }), consent };
}

/** For exactly this command line: leave for a program would be leave for all that it can do. */
export function commandNeed(
  { language, sources }: About,
  line: readonly string[],
  asking: {
    readonly kind: 'command' | 'network';
    readonly reason: LocalizedText;
    readonly hosts: readonly string[];
    readonly approved: readonly string[];
  },
): Asking | null {
  const { kind, reason, hosts, approved } = asking;
  const key = JSON.stringify([kind, ...line]);
  if (approved.includes(key)) return null;
  const shown = line.map((part) => (/^[\w./=@:-]+$/.test(part) ? part : JSON.stringify(part))).join(' ');
  const what =
    kind === 'command'
      ? {
          en: `May the agent run this in its copy of the project?\n${shown}\n(${reason.en})`,
          de: `Darf der Agent das in seiner Kopie des Projekts ausführen?\n${shown}\n(${reason.de})`,
        }
      : {
          en: `May the agent run this with network? It reaches ${hosts.join(', ')}.\n${shown}\n(${reason.en})`,
          de: `Darf der Agent das mit Netz ausführen? Es erreicht ${hosts.join(', ')}.\n${shown}\n(${reason.de})`,
        };
  return {
    kind: 'ask',
    question: asked(what, { language, sources }),
    consent: { kind, key, subjects: [shown] },
  };
}

/** For one tool of a server that reaches beyond the sandbox. */
export function serverNeed(
  { language, sources }: About,
  about: { readonly server: string; readonly tool: string; readonly values: object },
  approved: readonly string[],
): Asking | null {
  const { server, tool } = about;
  const key = JSON.stringify(['mcp', server, tool]);
  if (approved.includes(key)) return null;
  const shown = JSON.stringify(about.values).slice(0, 1_000);
  const what = {
    en: `May the agent call ${tool} of ${server}? It leaves the sandbox.\n${shown}`,
    de: `Darf der Agent ${tool} von ${server} aufrufen? Das verlässt die Sandbox.\n${shown}`,
  };
  return {
    kind: 'ask',
    question: asked(what, { language, sources }),
    consent: { kind: 'server', key, subjects: [`${server} ${tool}`] },
  };
}

const mostSources = 6;

/** The question, with whose words the agent has read; which answers there are is told beside it. */
function asked(what: LocalizedText, { language, sources }: About): string {
  return [what[language], ...sourcesLine(sources, language)].join('\n');
}

/** Names what was read that others wrote; no line when nothing was. */
export function sourcesLine(sources: Iterable<string>, language: Language): string[] {
  const all = [...sources];
  if (all.length === 0) return [];
  const shown = all.slice(0, mostSources).join(', ');
  const more = all.length - mostSources;
  return [
    language === 'de'
      ? `Der Agent hat Fremdes gelesen: ${shown}${more > 0 ? ` und ${more} mehr` : ''}.`
      : `The agent has read what others wrote: ${shown}${more > 0 ? ` and ${more} more` : ''}.`,
  ];
}
