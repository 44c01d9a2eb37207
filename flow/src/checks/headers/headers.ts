import path from 'node:path';
import { CLOUDFLARE_MOST_RULES } from '../../headers/host-files.ts';
import { parseCacheControl } from '../../headers/judge.ts';
import type { Finding } from '../finding.ts';
import type { CheckedSource } from '../source.ts';

const MOST_LINE_LENGTH = 2_000;
const FIX = {
  en: 'Let the flow write the file: cds flow headers cloudflare|netlify',
  de: 'Die Datei vom Flow schreiben lassen: cds flow headers cloudflare|netlify',
};

/**
 * Checks `_headers` files (Cloudflare, Netlify) without a server: their form, the hosts' limits, and rules that would keep
 * pages for long. What a live server answers is judged by the step verify.
 */
export async function checkHeaderFiles(source: CheckedSource): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const file of source.files.filter((one) => path.posix.basename(one) === '_headers')) {
    findings.push(...lintHeaderFile(file, (await source.read(file)).toString('utf8')));
  }
  return findings;
}

/** Lints one `_headers` file. */
export function lintHeaderFile(file: string, text: string): Finding[] {
  const findings: Finding[] = [];
  const add = (rule: string, line: number, message: Finding['message']) =>
    findings.push({ rule: `headers.${rule}`, level: 'error', file, line, column: 1, message, fix: FIX });
  let pattern: string | null = null;
  let rules = 0;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = index + 1;
    const content = raw.trim();
    if (content === '' || content.startsWith('#')) continue;
    if (raw.length > MOST_LINE_LENGTH) {
      add('line_length', line, {
        en: `Longer than ${MOST_LINE_LENGTH} characters: the host ignores it.`,
        de: `Länger als ${MOST_LINE_LENGTH} Zeichen: Der Host übergeht sie.`,
      });
    }
    if (!/^\s/.test(raw)) {
      pattern = content;
      rules += 1;
      if (!/^(?:\/|https:\/\/)/.test(content))
        add('pattern', line, {
          en: `"${content}" is no path pattern.`,
          de: `"${content}" ist kein Pfadmuster.`,
        });
      continue;
    }
    const problem = judgeHeaderLine(content, pattern);
    if (problem) add(problem.rule, line, problem.message);
  }
  if (rules > CLOUDFLARE_MOST_RULES) {
    add('rules', 1, {
      en: `${rules} rules; Cloudflare reads ${CLOUDFLARE_MOST_RULES}.`,
      de: `${rules} Regeln; Cloudflare liest ${CLOUDFLARE_MOST_RULES}.`,
    });
  }
  return findings;
}

function judgeHeaderLine(
  content: string,
  pattern: string | null,
): { rule: string; message: Finding['message'] } | null {
  if (pattern === null)
    return {
      rule: 'form',
      message: { en: 'A header before the first path.', de: 'Ein Header vor dem ersten Pfad.' },
    };
  if (content.startsWith('! ')) return null;
  const match = /^([A-Za-z0-9!#$%&'*+.^_`|~-]+):\s*(.*)$/.exec(content);
  if (!match)
    return {
      rule: 'form',
      message: {
        en: `"${content.slice(0, 60)}" is no header.`,
        de: `"${content.slice(0, 60)}" ist kein Header.`,
      },
    };
  if (match[1]?.toLowerCase() !== 'cache-control') return null;
  const cache = parseCacheControl(match[2]);
  const lasting =
    Number(cache.get('max-age') ?? 0) > 0 || Number(cache.get('s-maxage') ?? 0) > 0 || cache.has('immutable');
  const coversPages =
    /^(?:https:\/\/[^/]+)?\/(?:\*|.*\.html|.*\/)?$/.test(pattern) &&
    !cache.has('no-cache') &&
    !cache.has('no-store');
  if (!lasting || !coversPages) return null;
  return {
    rule: 'cached_pages',
    message: {
      en: `${pattern} covers pages, and "${match[2]}" keeps old ones in the browser.`,
      de: `${pattern} umfasst Seiten, und "${match[2]}" hält alte im Browser fest.`,
    },
  };
}
