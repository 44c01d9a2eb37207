import type { LocalizedText } from '../../core/language.ts';
import type { Finding } from '../finding.ts';
import { type CheckedSource, isHtml } from '../source.ts';
import { attribute, type HtmlDocument, type HtmlElement, parseHtml, placeOf, textOf } from './document.ts';

type Report = (rule: string, place: { line: number; column: number }, text: RuleText) => void;
type RuleText = { message: LocalizedText; fix: LocalizedText; level?: Finding['level'] };

const OBSOLETE = new Set(
  'acronym applet basefont bgsound big blink center dir font frame frameset isindex keygen listing marquee menuitem multicol nextid nobr noembed noframes plaintext rb rtc spacer strike tt xmp'.split(
    ' ',
  ),
);
const ID_REFERENCES = [
  'for',
  'aria-labelledby',
  'aria-describedby',
  'aria-controls',
  'headers',
  'list',
  'form',
];
const CHARSET_MOST_BYTES = 1024;

/**
 * HTML validity: the parse errors of the HTML standard, and the mistakes that browsers forgive and visitors notice:
 * duplicate ids, references to ids that don't exist, images without alternative text, pages without language or title.
 */
export async function checkHtml(source: CheckedSource): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const file of source.files.filter(isHtml)) {
    findings.push(...lintHtml(file, (await source.read(file)).toString('utf8')));
  }
  return findings;
}

/** Lints one page or fragment. */
export function lintHtml(file: string, text: string): Finding[] {
  const document = parseHtml(text);
  const findings: Finding[] = [];
  const report: Report = (rule, place, { message, fix, level }) => {
    findings.push({ rule: `html.${rule}`, level: level ?? 'error', file, ...place, message, fix });
  };
  reportParseErrors(document, report);
  if (!document.isFragment) reportPage(document, text, report);
  reportIds(document, report);
  for (const element of document.elements) reportElement(element, report);
  return findings;
}

function reportParseErrors({ errors, isFragment }: HtmlDocument, report: Report): void {
  for (const error of errors) {
    if (isFragment && error.code === 'missing-doctype') continue;
    report(
      'parse',
      { line: error.startLine, column: error.startCol },
      {
        message: {
          en: `The HTML standard's parser says: ${error.code}.`,
          de: `Der Parser des HTML-Standards sagt: ${error.code}.`,
        },
        fix: {
          en: `See html.spec.whatwg.org/multipage/parsing.html#parse-error-${error.code}`,
          de: `Siehe html.spec.whatwg.org/multipage/parsing.html#parse-error-${error.code}`,
        },
      },
    );
  }
}

function reportPage({ elements }: HtmlDocument, text: string, report: Report): void {
  const find = (name: string) => elements.find((element) => element.tagName === name);
  const html = find('html');
  const start = { line: 1, column: 1 };
  if (html && !attribute(html, 'lang')?.trim()) {
    report('lang', html.sourceCodeLocation ? placeOf(html) : start, {
      message: { en: 'The page does not say its language.', de: 'Die Seite nennt ihre Sprache nicht.' },
      fix: { en: '<html lang="en">', de: '<html lang="de">' },
    });
  }
  const title = elements.find(
    (element) => element.tagName === 'title' && element.namespaceURI === 'http://www.w3.org/1999/xhtml',
  );
  if (!title || textOf(title).trim() === '') {
    report('title', title ? placeOf(title) : start, {
      message: { en: 'The page has no title.', de: 'Die Seite hat keinen Titel.' },
      fix: { en: '<title>…</title> in <head>', de: '<title>…</title> in <head>' },
    });
  }
  const charset = /<meta\s[^>]*charset/i.exec(text);
  if (!charset || Buffer.byteLength(text.slice(0, charset.index)) > CHARSET_MOST_BYTES) {
    report('charset', start, {
      message: {
        en: 'No <meta charset> within the first 1024 bytes: opened from a disk, the page may show wrong characters.',
        de: 'Kein <meta charset> in den ersten 1024 Bytes: Von einem Datenträger geöffnet, zeigt die Seite womöglich falsche Zeichen.',
      },
      fix: {
        en: '<meta charset="utf-8"> first in <head>',
        de: '<meta charset="utf-8"> als Erstes in <head>',
      },
    });
  }
}

function reportIds({ elements, isFragment }: HtmlDocument, report: Report): void {
  const ids = new Set<string>();
  for (const element of elements) {
    const id = attribute(element, 'id');
    if (id === undefined) continue;
    if (ids.has(id)) {
      report('duplicate_id', placeOf(element, 'id'), {
        message: { en: `The id "${id}" is used twice.`, de: `Die id "${id}" kommt zweimal vor.` },
        fix: { en: 'Give each element its own id.', de: 'Jedem Element eine eigene id geben.' },
      });
    }
    if (id === '' || /\s/.test(id)) {
      report('bad_id', placeOf(element, 'id'), {
        message: {
          en: 'An id is empty or holds a space.',
          de: 'Eine id ist leer oder enthält ein Leerzeichen.',
        },
        fix: { en: 'Use letters, digits and dashes.', de: 'Buchstaben, Ziffern und Bindestriche verwenden.' },
      });
    }
    ids.add(id);
  }
  // A fragment may refer to what its page holds.
  if (isFragment) return;
  for (const element of elements) {
    for (const name of ID_REFERENCES) {
      if (name === 'for' && element.tagName !== 'label' && element.tagName !== 'output') continue;
      for (const id of (attribute(element, name) ?? '').split(/\s+/).filter(Boolean)) {
        if (ids.has(id)) continue;
        report('unknown_id', placeOf(element, name), {
          message: {
            en: `${name}="${id}" names no element of this page.`,
            de: `${name}="${id}" nennt kein Element dieser Seite.`,
          },
          fix: {
            en: 'Correct the name or give the element that id.',
            de: 'Den Namen berichtigen oder dem Element diese id geben.',
          },
        });
      }
    }
  }
}

function reportElement(element: HtmlElement, report: Report): void {
  const { tagName } = element;
  const isHtmlElement = element.namespaceURI === 'http://www.w3.org/1999/xhtml';
  if (isHtmlElement && OBSOLETE.has(tagName)) {
    report('obsolete', placeOf(element), {
      message: { en: `<${tagName}> is obsolete.`, de: `<${tagName}> ist veraltet.` },
      fix: {
        en: 'Use CSS or the element that replaced it.',
        de: 'CSS oder das Nachfolge-Element verwenden.',
      },
      level: 'warning',
    });
  }
  const needsAlternative =
    tagName === 'img' || (tagName === 'input' && attribute(element, 'type') === 'image');
  const isHidden =
    ['presentation', 'none'].includes(attribute(element, 'role') ?? '') ||
    attribute(element, 'aria-hidden') === 'true';
  if (needsAlternative && attribute(element, 'alt') === undefined && !isHidden) {
    report('alt', placeOf(element), {
      message: { en: 'An image without alternative text.', de: 'Ein Bild ohne Alternativtext.' },
      fix: {
        en: 'alt="what it shows", or alt="" when it only decorates',
        de: 'alt="was es zeigt", oder alt="" bei reinem Schmuck',
      },
    });
  }
  const interactive = tagName === 'a' || tagName === 'button';
  if (interactive && hasAncestor(element, ['a', 'button'])) {
    report('nested_interactive', placeOf(element), {
      message: { en: `<${tagName}> within a link or button.`, de: `<${tagName}> in einem Link oder Knopf.` },
      fix: { en: 'Take it out.', de: 'Herausnehmen.' },
    });
  }
  if (
    (tagName === 'button' || (tagName === 'a' && attribute(element, 'href') !== undefined)) &&
    isNameless(element)
  ) {
    report('nameless', placeOf(element), {
      message: {
        en: `<${tagName}> without a name: a screen reader can't say what it does.`,
        de: `<${tagName}> ohne Namen: Ein Screenreader kann nicht sagen, was es tut.`,
      },
      fix: {
        en: 'Add text, an image with alt, or aria-label.',
        de: 'Text, ein Bild mit alt oder aria-label ergänzen.',
      },
    });
  }
}

function hasAncestor(element: HtmlElement, names: readonly string[]): boolean {
  for (
    let node: HtmlElement['parentNode'] = element.parentNode;
    node && 'tagName' in node;
    node = node.parentNode
  ) {
    if (names.includes(node.tagName)) return true;
  }
  return false;
}

function isNameless(element: HtmlElement): boolean {
  if (
    attribute(element, 'aria-label')?.trim() ||
    attribute(element, 'aria-labelledby') ||
    attribute(element, 'title')?.trim()
  )
    return false;
  if (attribute(element, 'aria-hidden') === 'true' || textOf(element).trim() !== '') return false;
  const rest = element.childNodes.filter((node): node is HtmlElement => 'tagName' in node);
  for (let child = rest.pop(); child; child = rest.pop()) {
    const named = attribute(child, 'alt')?.trim() || attribute(child, 'aria-label')?.trim();
    // What a template or script fills in can't be judged here.
    if (named || child.tagName === 'slot') return false;
    rest.push(...child.childNodes.filter((node): node is HtmlElement => 'tagName' in node));
  }
  return true;
}
