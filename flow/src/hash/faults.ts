import { type FaultPlace, FlowFault, placeAt } from '../core/fault.ts';
import type { StepWarning } from '../core/progress.ts';
import type { PageOrigin } from '../core/release-content.ts';
import type { Reference } from './reference.ts';
import type { Destination } from './resolve.ts';
import type { TextFile } from './site-file.ts';

/** An address that leads nowhere, with file, line and column; of a page that was made, those of its source. */
export function unresolvedFault(
  at: { file: TextFile; origin: PageOrigin | undefined },
  reference: Reference,
  destination: Extract<Destination, { kind: 'missing' }>,
): FlowFault {
  const { wanted, similar } = destination;
  const shown = reference.url.length > 120 ? `${reference.url.slice(0, 119)}…` : reference.url;
  const place = placeInSource(at.origin, reference.url);
  const page = place === null ? at.origin?.file : undefined;
  return new FlowFault('hash.unresolved', {
    ...(place ?? { file: at.file.path, ...placeAt(at.file.text, reference.start) }),
    text: {
      en: `${page ? `In the page that ${page} and its layout make, ` : ''}${reference.via} "${shown}" leads to no file: there is no ${wanted}.`,
      de: `${page ? `In der Seite, die ${page} und ihr Layout ergeben: ` : ''}${reference.via} "${shown}" führt zu keiner Datei: Es gibt ${wanted} nicht.`,
    },
    fix:
      similar === null
        ? {
            en: 'Add the file or correct the address; if another server answers it, name it in hash.external.',
            de: 'Die Datei ergänzen oder die Adresse berichtigen; antwortet dort ein anderer Server, sie in hash.external nennen.',
          }
        : {
            en: `Did you mean ${similar}? Servers tell upper and lower case apart.`,
            de: `Ist ${similar} gemeint? Server unterscheiden Groß- und Kleinschreibung.`,
          },
  });
}

/** Null when the address does not stand there: a layout brought it. */
function placeInSource(origin: PageOrigin | undefined, address: string): FaultPlace | null {
  if (origin === undefined) return null;
  const text = origin.text();
  const written = origin.writtenAs(address);
  for (const one of [written, decoded(written)]) {
    // Not within a longer name.
    const found = new RegExp(`(?<=^|[\\s("'<=:,])${RegExp.escape(one)}`, 'm').exec(text);
    if (found !== null) return { file: origin.file, ...placeAt(text, found.index) };
  }
  return null;
}

/** Markdown may write the letters that HTML has as `%C3%A4`. */
function decoded(address: string): string {
  try {
    return decodeURI(address);
  } catch {
    return address;
  }
}

/** A module name that no import map of the site defines. */
export function bareSpecifierFault(file: TextFile, reference: Reference): FlowFault {
  return new FlowFault('hash.bare_specifier', {
    file: file.path,
    ...placeAt(file.text, reference.start),
    text: {
      en: `import "${reference.url}": browsers know no packages, and no import map defines the name.`,
      de: `import "${reference.url}": Browser kennen keine Pakete, und keine Import-Map definiert den Namen.`,
    },
    fix: {
      en: `Write "./${reference.url}" for a file beside it, add an import map, or bundle it first (build.command).`,
      de: `"./${reference.url}" für eine Datei daneben schreiben, eine Import-Map ergänzen oder vorher bündeln (build.command).`,
    },
  });
}

/** An integrity attribute that does not fit the file of the source: the browser refuses it, or somebody changed the file. */
export function integrityFault(file: TextFile, start: number, url: string): FlowFault {
  return new FlowFault('hash.integrity_mismatch', {
    file: file.path,
    ...placeAt(file.text, start),
    text: {
      en: `The integrity value of "${url}" does not fit the file: a browser would refuse it.`,
      de: `Der integrity-Wert von "${url}" passt nicht zur Datei: Ein Browser würde sie ablehnen.`,
    },
    fix: {
      en: 'Check that the file is the one you want, then correct or remove the value.',
      de: 'Prüfen, ob es die gewünschte Datei ist, dann den Wert berichtigen oder entfernen.',
    },
  });
}

/** The same, for a step that goes on. */
export function asWarning(fault: FlowFault): StepWarning {
  const { code, text, fix, place } = fault;
  return { code, text, fix, ...place };
}

/** A script that doesn't parse: its imports are not known, so what it loads keeps its name. */
export function unparsedWarning(file: TextFile, problem: { start: number; text: string }): StepWarning {
  return {
    code: 'hash.script_unparsed',
    file: file.path,
    ...placeAt(file.text, problem.start),
    text: {
      en: `This script does not parse, so its imports were not rewritten: ${problem.text}`,
      de: `Dieses Skript lässt sich nicht lesen; seine Importe wurden nicht umgeschrieben: ${problem.text}`,
    },
    fix: { en: 'Correct the script.', de: 'Das Skript berichtigen.' },
  };
}

/** Hyperlinks that lead nowhere, counted: the links check names each. */
export function brokenLinksWarning(count: number, first: FlowFault): StepWarning {
  return {
    ...asWarning(first),
    code: 'hash.broken_links',
    text: {
      en: `${count} link(s) lead to no file of the site. The first: ${first.text.en}`,
      de: `${count} Verweis(e) führen zu keiner Datei der Website. Der erste: ${first.text.de}`,
    },
    fix: { en: 'All of them: cds flow check links', de: 'Alle zeigen: cds flow check links' },
  };
}
