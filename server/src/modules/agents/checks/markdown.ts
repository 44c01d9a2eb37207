/** What of a Markdown document is checked. */
export interface MarkdownParts {
  readonly links: readonly { readonly target: string; readonly line: number }[];
  readonly anchors: ReadonlySet<string>;
  readonly samples: readonly { readonly language: string; readonly code: string; readonly line: number }[];
}

const longestLine = 10_000;

/** Reads a document line by line, so that no text, however made, takes longer than its length. */
export function readMarkdown(text: string): MarkdownParts {
  const links: { target: string; line: number }[] = [];
  const headings: string[] = [];
  const named = new Set<string>();
  const samples: { language: string; code: string; line: number }[] = [];
  let fence: { mark: string; language: string; code: string[]; line: number } | null = null;
  let before = '';
  for (const [index, whole] of text.split(/\r?\n/).entries()) {
    const line = whole.slice(0, longestLine);
    const mark = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1];
    if (fence !== null) {
      if (mark?.startsWith(fence.mark) && /^[\s`~]+$/.test(line)) {
        samples.push({ language: fence.language, code: fence.code.join('\n'), line: fence.line });
        fence = null;
      } else fence.code.push(whole);
      continue;
    }
    if (mark !== undefined) {
      const language = /^ {0,3}[`~]+ *([\w+#-]*)/.exec(line)?.[1]?.toLowerCase() ?? '';
      fence = { mark, language, code: [], line: index + 1 };
      continue;
    }
    const heading =
      /^ {0,3}#{1,6}[ \t]+(.+)$/.exec(line)?.[1] ?? (/^ {0,3}(?:=+|-+) *$/.test(line) ? before : undefined);
    if (heading !== undefined && heading.trim() !== '') headings.push(heading);
    const prose = line.replace(/`[^`]{0,500}`/g, '');
    for (const [, id = ''] of line.matchAll(/<\w+[^>]{0,300}\s(?:id|name)\s*=\s*["']?([\w.:-]+)/g))
      named.add(id.toLowerCase());
    for (const target of targetsIn(prose)) links.push({ target, line: index + 1 });
    before = line;
  }
  return { links, anchors: new Set([...named, ...anchorsOf(headings)]), samples };
}

function targetsIn(prose: string): string[] {
  return [
    ...prose.matchAll(/\]\(\s*(?:<([^<>\n]{1,2000})>|([^)\s<>]{1,2000}))/g),
    ...prose.matchAll(/^ {0,3}\[[^\]^]{1,200}\]:\s*(?:<([^<>]{1,2000})>|(\S{1,2000}))/g),
    ...prose.matchAll(/<(?:a|img)\b[^>]{0,300}\s(?:href|src)\s*=\s*["']([^"'<>]{1,2000})["']()/gi),
  ].map(([, first, second]) => first ?? second ?? '');
}

/** As GitHub makes them: later headings of the same name get a number. */
function anchorsOf(headings: readonly string[]): string[] {
  const seen = new Map<string, number>();
  return headings.map((heading) => {
    const plain = heading
      .replace(/\s+#+\s*$/, '')
      .replace(/!?\[([^\]]{0,500})\]\([^)]{0,500}\)/g, '$1')
      .trim()
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-');
    const count = seen.get(plain) ?? 0;
    seen.set(plain, count + 1);
    return count === 0 ? plain : `${plain}-${count}`;
  });
}
