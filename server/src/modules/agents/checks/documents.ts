import path from 'node:path';
import { reason } from '../reasons/reason.ts';
import { type CheckContext, type CheckResult, passed } from './check.ts';
import { type MarkdownParts, readMarkdown } from './markdown.ts';

const markdown = /\.(md|markdown)$/i;
const endings: Readonly<Record<string, string>> = {
  js: 'js',
  javascript: 'js',
  mjs: 'js',
  jsx: 'jsx',
  ts: 'ts',
  typescript: 'ts',
  tsx: 'tsx',
  py: 'py',
  python: 'py',
  sh: 'sh',
  bash: 'sh',
  css: 'css',
  json: 'json',
};

/** Relative links lead to files, anchors to headings, also those of other documents, and code samples parse. */
export async function checkDocuments(context: CheckContext): Promise<CheckResult> {
  const files = new Set(await context.bench.list());
  const folders = new Set([...files].flatMap(foldersOf));
  for (const { path: file, afterHash } of await context.changes()) {
    if (afterHash === null || !markdown.test(file)) continue;
    const document = readMarkdown((await context.bench.read(file)) ?? '');
    const broken = await brokenLink(document, { file, files, folders, context });
    if (broken !== null)
      return {
        passed: false,
        reason: reason('link_broken', { path: file }),
        output: `In ${file}, ${broken}`,
      };
    const sample = await brokenSample(document, context);
    if (sample !== null)
      return {
        passed: false,
        reason: reason('sample_broken', { path: file }),
        output: `In ${file}, ${sample}`,
      };
  }
  return passed;
}

function foldersOf(file: string): string[] {
  const parts = file.split('/');
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'));
}

async function brokenLink(
  document: MarkdownParts,
  place: {
    readonly file: string;
    readonly files: ReadonlySet<string>;
    readonly folders: ReadonlySet<string>;
    readonly context: CheckContext;
  },
): Promise<string | null> {
  const { file, files, folders, context } = place;
  for (const { target, line } of document.links) {
    if (/^[a-z][a-z0-9+.-]*:|^\/\//i.test(target)) continue;
    const [before = '', anchor = ''] = target.split('#');
    const plain = decoded(before.split('?')[0] ?? '');
    const linked =
      plain === ''
        ? file
        : path.posix
            .normalize(
              plain.startsWith('/') ? plain.slice(1) : path.posix.join(path.posix.dirname(file), plain),
            )
            .replace(/\/$/, '');
    if (linked !== '.' && linked !== '' && !files.has(linked) && !folders.has(linked))
      return `line ${line}: ${target} does not exist`;
    if (anchor === '' || !markdown.test(linked) || /^L\d+/.test(anchor)) continue;
    const anchors =
      linked === file ? document.anchors : readMarkdown((await context.bench.read(linked)) ?? '').anchors;
    if (!anchors.has(decoded(anchor).toLowerCase()))
      return `line ${line}: #${anchor} is no heading${linked === file ? '' : ` of ${linked}`}`;
  }
  return null;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

async function brokenSample({ samples }: MarkdownParts, { syntax }: CheckContext): Promise<string | null> {
  for (const { language, code, line } of samples) {
    const ending = Object.hasOwn(endings, language) ? endings[language] : undefined;
    if (ending === undefined) continue;
    if (ending === 'json') {
      try {
        JSON.parse(code);
      } catch {
        return `line ${line}: this is not JSON: ${code.slice(0, 100)}`;
      }
    } else if ((await syntax.withTree(`sample.${ending}`, code, (root) => root.hasError)) === true) {
      return `line ${line}: this ${language} does not parse: ${code.slice(0, 100)}`;
    }
  }
  return null;
}
