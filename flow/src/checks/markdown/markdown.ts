import MarkdownIt from 'markdown-it';
import type { LocalizedText } from '../../core/language.ts';
import type { Finding } from '../finding.ts';
import { blankFrontMatter } from '../links/markdown-links.ts';
import { type CheckedSource, isMarkdown } from '../source.ts';

type Rule = { message: LocalizedText; fix: LocalizedText; level?: Finding['level'] };
type Found = { rule: string; line: number; column?: number } & Rule;
type Token = ReturnType<InstanceType<typeof MarkdownIt>['parse']>[number];

/**
 * A curated set of Markdown rules: only what changes what readers get (a heading that isn't one, a fence that swallows the
 * rest, a reference without a target), nothing about taste.
 */
export async function checkMarkdown(source: CheckedSource): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const file of source.files.filter(isMarkdown)) {
    findings.push(...lintMarkdown(file, (await source.read(file)).toString('utf8')));
  }
  return findings;
}

/** Lints one Markdown file. */
export function lintMarkdown(file: string, text: string): Finding[] {
  const body = blankFrontMatter(text);
  const lines = body.split(/\r\n|\n|\r/);
  const environment: Record<string, unknown> = {};
  const tokens = new MarkdownIt({ html: true }).parse(body, environment);
  const found = [
    ...frontMatter(text),
    ...fences(tokens, lines),
    ...headings(tokens),
    ...lineRules(tokens, lines, Object.keys(environment.references ?? {})),
    ...tables(tokens, lines),
    ...inlineRules(tokens),
  ];
  return found.map(({ rule, line, column, message, fix, level }) => ({
    rule: `markdown.${rule}`,
    level: level ?? 'error',
    file,
    line,
    column: column ?? 1,
    message,
    fix,
  }));
}

function frontMatter(text: string): Found[] {
  const opened = /^\ufeff?---[ \t]*\r?\n/.test(text);
  if (!opened || blankFrontMatter(text) !== text) return [];
  // A thematic break at the very top is legal; keys below it say that front matter was meant.
  if (!/^\ufeff?---[ \t]*\r?\n[A-Za-z_][\w-]*:/.test(text)) return [];
  return [
    {
      rule: 'front_matter',
      line: 1,
      message: { en: 'The front matter is never closed.', de: 'Das Front Matter wird nie geschlossen.' },
      fix: { en: 'Add a line --- after it.', de: 'Danach eine Zeile --- ergänzen.' },
    },
  ];
}

function fences(tokens: readonly Token[], lines: readonly string[]): Found[] {
  return tokens.flatMap((token): Found[] => {
    if (token.type !== 'fence' || !token.map) return [];
    const [start, end] = token.map;
    const last = lines[end - 1]?.trim() ?? '';
    const isClosed = end - start > 1 && last.replace(/^[>\s]*/, '').startsWith(token.markup);
    const found: Found[] = [];
    if (!isClosed) {
      found.push({
        rule: 'unclosed_fence',
        line: start + 1,
        message: {
          en: 'This code block is never closed: it swallows the rest.',
          de: 'Dieser Codeblock wird nie geschlossen: Er verschluckt den Rest.',
        },
        fix: { en: `Close it with ${token.markup}.`, de: `Mit ${token.markup} schließen.` },
      });
    }
    return found;
  });
}

function headings(tokens: readonly Token[]): Found[] {
  const found: Found[] = [];
  let before = 0;
  let titles = 0;
  for (const [index, token] of tokens.entries()) {
    if (token.type !== 'heading_open') continue;
    const level = Number(token.tag.slice(1));
    const line = (token.map?.[0] ?? 0) + 1;
    if (before > 0 && level > before + 1) {
      found.push({
        rule: 'heading_increment',
        line,
        message: {
          en: `The heading jumps from level ${before} to ${level}.`,
          de: `Die Überschrift springt von Ebene ${before} auf ${level}.`,
        },
        fix: { en: `Use level ${before + 1}.`, de: `Ebene ${before + 1} verwenden.` },
      });
    }
    if (level === 1) titles += 1;
    if (level === 1 && titles === 2) {
      found.push({
        rule: 'single_title',
        line,
        message: { en: 'A second heading of level 1.', de: 'Eine zweite Überschrift der Ebene 1.' },
        fix: { en: 'Use level 2.', de: 'Ebene 2 verwenden.' },
      });
    }
    if ((tokens[index + 1]?.content ?? '').trim() === '') {
      found.push({
        rule: 'empty_heading',
        line,
        message: { en: 'An empty heading.', de: 'Eine leere Überschrift.' },
        fix: { en: 'Give it a text or remove it.', de: 'Mit Text füllen oder entfernen.' },
      });
    }
    before = level;
  }
  return found;
}

/** Lines that look like one thing and are another; code is left alone. */
function lineRules(
  tokens: readonly Token[],
  lines: readonly string[],
  references: readonly string[],
): Found[] {
  const code = new Set<number>();
  for (const token of tokens) {
    const isVerbatim = token.type === 'fence' || token.type === 'code_block' || token.type === 'html_block';
    if (isVerbatim && token.map) for (let line = token.map[0]; line < token.map[1]; line += 1) code.add(line);
  }
  const defined = new Set(references);
  return lines.flatMap((raw, index): Found[] => {
    if (code.has(index)) return [];
    const line = raw.replace(/(`+)[^`]*?\1/g, (span) => ' '.repeat(span.length));
    return [
      ...noSpaceAfterHash(line, index),
      ...reversedLink(line, index),
      ...undefinedReferences(line, index, defined),
    ];
  });
}

function noSpaceAfterHash(line: string, index: number): Found[] {
  // `#tag` alone is a word; a capital or several signs say that a heading was meant.
  if (!/^ {0,3}(?:#{2,6}[^#\s]|#[\p{Lu}][^\s]*\s)/u.test(line)) return [];
  return [
    {
      rule: 'heading_space',
      line: index + 1,
      message: {
        en: 'This is no heading: the space after # is missing.',
        de: 'Das ist keine Überschrift: Das Leerzeichen nach # fehlt.',
      },
      fix: { en: 'Add the space.', de: 'Das Leerzeichen ergänzen.' },
    },
  ];
}

function reversedLink(line: string, index: number): Found[] {
  return [...line.matchAll(/(?<![\]\\])\(([^()]+)\)\[([^\]^][^\]]*)\](?!\()/g)]
    .filter((match) => /[/.#]/.test(match[2] ?? ''))
    .map((match) => ({
      rule: 'reversed_link',
      line: index + 1,
      column: match.index + 1,
      message: {
        en: 'A link with its brackets the wrong way round.',
        de: 'Ein Link mit vertauschten Klammern.',
      },
      fix: { en: `[${match[1]}](${match[2]})`, de: `[${match[1]}](${match[2]})` },
    }));
}

function undefinedReferences(line: string, index: number, defined: ReadonlySet<string>): Found[] {
  return [...line.matchAll(/(?<![\]\\!])!?\[([^\]\\]+)\]\[([^\]]*)\]/g)].flatMap((match): Found[] => {
    const label = (match[2] || match[1] || '').trim();
    if (label.startsWith('^') || defined.has(normaliseLabel(label)) || /^[\d\s,.:+-]*$/.test(label))
      return [];
    return [
      {
        rule: 'undefined_reference',
        line: index + 1,
        column: match.index + 1,
        message: {
          en: `[${label}] is defined nowhere: readers see the brackets.`,
          de: `[${label}] ist nirgends definiert: Leser sehen die Klammern.`,
        },
        fix: { en: `Add a line [${label}]: address`, de: `Eine Zeile [${label}]: Adresse ergänzen` },
      },
    ];
  });
}

/** markdown-it's own form of a label: white space folded, case folded both ways (its normalizeReference). */
function normaliseLabel(label: string): string {
  return label.trim().replace(/\s+/g, ' ').toLowerCase().toUpperCase();
}

function tables(tokens: readonly Token[], lines: readonly string[]): Found[] {
  return tokens.flatMap((token): Found[] => {
    if (token.type !== 'table_open' || !token.map) return [];
    const [start, end] = token.map;
    const columns = countCells(lines[start] ?? '');
    const found: Found[] = [];
    for (let index = start + 2; index < end; index += 1) {
      const cells = countCells(lines[index] ?? '');
      if (cells <= columns) continue;
      found.push({
        rule: 'table_columns',
        line: index + 1,
        message: {
          en: `The row has ${cells} cells, the header ${columns}: the rest is not shown.`,
          de: `Die Zeile hat ${cells} Zellen, der Kopf ${columns}: Der Rest wird nicht angezeigt.`,
        },
        fix: { en: 'Write a bar in a cell as \\|.', de: 'Einen Strich in einer Zelle als \\| schreiben.' },
      });
    }
    return found;
  });
}

function countCells(line: string): number {
  return line
    .trim()
    .replace(/^\|/, '')
    .replace(/(?<!\\)\|$/, '')
    .split(/(?<!\\)\|/).length;
}

function inlineRules(tokens: readonly Token[]): Found[] {
  return tokens.flatMap((token): Found[] => {
    if (token.type !== 'inline') return [];
    const found: Found[] = [];
    let line = (token.map?.[0] ?? 0) + 1;
    const children = token.children ?? [];
    for (const [index, child] of children.entries()) {
      if (child.type === 'softbreak' || child.type === 'hardbreak') line += 1;
      if (child.type === 'image' && child.content.trim() === '')
        found.push({ rule: 'image_alt', line, ...IMAGE_ALT });
      if (child.type !== 'link_open') continue;
      if (String(child.attrGet('href') ?? '') === '') found.push({ rule: 'empty_link', line, ...EMPTY_LINK });
      if (children[index + 1]?.type === 'link_close')
        found.push({ rule: 'nameless_link', line, ...NAMELESS_LINK });
    }
    return found;
  });
}

const IMAGE_ALT: Rule = {
  message: { en: 'An image without alternative text.', de: 'Ein Bild ohne Alternativtext.' },
  fix: { en: '![what it shows](…)', de: '![was es zeigt](…)' },
};
const EMPTY_LINK: Rule = {
  message: { en: 'A link without an address.', de: 'Ein Link ohne Adresse.' },
  fix: { en: 'Add the address.', de: 'Die Adresse ergänzen.' },
};
const NAMELESS_LINK: Rule = {
  message: { en: 'A link without text: nobody can see it.', de: 'Ein Link ohne Text: Niemand sieht ihn.' },
  fix: { en: 'Add a text.', de: 'Einen Text ergänzen.' },
};
