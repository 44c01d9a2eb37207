import path from 'node:path';
import { type CheckContext, type CheckResult, passed } from './check.ts';

const samples: Readonly<Record<string, string>> = {
  js: 'js',
  javascript: 'js',
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

/** Relative links lead to files, anchors to headings, and code samples parse. */
export async function checkDocuments(context: CheckContext): Promise<CheckResult> {
  const files = new Set(await context.bench.list());
  for (const { path: file, afterHash } of await context.changes()) {
    if (afterHash === null || !/\.(md|markdown)$/i.test(file)) continue;
    const text = (await context.bench.read(file)) ?? '';
    const broken = brokenLink(text, file, files);
    if (broken !== null)
      return { passed: false, reason: `a link of ${file} leads nowhere`, output: `In ${file}: ${broken}` };
    const sample = await brokenSample(text, context);
    if (sample !== null)
      return {
        passed: false,
        reason: `a code sample of ${file} does not parse`,
        output: `In ${file}: ${sample}`,
      };
  }
  return passed;
}

function brokenLink(text: string, file: string, files: ReadonlySet<string>): string | null {
  const prose = text.replace(/^(`{3,}|~{3,})[\s\S]*?^\1/gm, '').replace(/`[^`\n]*`/g, '');
  const anchors = new Set(
    [...text.matchAll(/^#{1,6} +(.+)$/gm)].map(([, heading = '']) => anchorOf(heading)),
  );
  for (const [, target = ''] of prose.matchAll(/\]\(\s*<?([^)\s>]+)>?[^)]*\)/g)) {
    if (/^[a-z][a-z0-9+.-]*:|^\/\//i.test(target)) continue;
    const [place = '', anchor = ''] = target.split('#');
    if (place === '' && anchor !== '' && !anchors.has(anchor.toLowerCase()))
      return `#${anchor} is no heading`;
    if (place === '') continue;
    const linked = path.posix.normalize(
      place.startsWith('/') ? place.slice(1) : path.posix.join(path.posix.dirname(file), decoded(place)),
    );
    const folder = linked.replace(/\/$/, '');
    if (!files.has(linked) && ![...files].some((name) => name.startsWith(`${folder}/`)) && folder !== '.')
      return `${target} does not exist`;
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

function anchorOf(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-');
}

async function brokenSample(text: string, { syntax }: CheckContext): Promise<string | null> {
  for (const [, , language = '', code = ''] of text.matchAll(
    /^(`{3,}|~{3,}) *([\w+-]+)[^\n]*\n([\s\S]*?)^\1/gm,
  )) {
    const ending = Object.hasOwn(samples, language.toLowerCase())
      ? samples[language.toLowerCase()]
      : undefined;
    if (ending === undefined) continue;
    if (ending === 'json') {
      try {
        JSON.parse(code);
      } catch {
        return `this is not JSON: ${code.slice(0, 100)}`;
      }
    } else if ((await syntax.withTree(`sample.${ending}`, code, (root) => root.hasError)) === true) {
      return `this ${language} does not parse: ${code.slice(0, 100)}`;
    }
  }
  return null;
}
