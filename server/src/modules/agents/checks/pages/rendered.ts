import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { isFault } from '#base/fault.ts';
import { type Reason, reason } from '../../reasons/reason.ts';
import { type CheckContext, type CheckResult, passed } from '../check.ts';

const kinds = [
  'contrast',
  'width',
  'lang',
  'title',
  'main',
  'h1',
  'empty',
  'order',
  'alt',
  'label',
  'name',
  'id',
  'unloaded',
  'endless',
  'broken',
] as const;
const Problem = z.object({
  kind: z.enum(kinds),
  data: z.record(z.string(), z.union([z.string().max(1_000), z.number()])),
  /** The width of the window when that is not the usual one. */
  pixels: z.int().optional(),
});
const Answer = z.union([
  z.object({ missing: z.literal(true) }),
  z.object({ pages: z.array(z.object({ path: z.string(), problems: z.array(Problem) })) }),
]);

const mostPages = 5;
const shownProblems = 15;
const notRendered = (why: string): CheckResult => ({
  passed: true,
  note: `Pages were not rendered: ${why}.`,
});

/**
 * Opens changed pages, and pages that changed styles are for, in Chromium: in the sandbox, without network. Where there
 * is no Chromium a note says so, and the check without a browser is all there is.
 */
export async function checkRenderedPages(context: CheckContext): Promise<CheckResult> {
  const pages = await pagesOf(context);
  if (pages.length === 0) return passed;
  const outcome = await render(context, pages);
  if (typeof outcome === 'string') return notRendered(outcome);
  const problems = outcome.flatMap(({ path, problems: found }) =>
    found.map(({ kind, data, pixels }): Reason => {
      const place = pixels === undefined ? path : `${path} (${pixels} px)`;
      return reason(`page_${kind}`, { ...data, path: place });
    }),
  );
  const [first] = problems;
  if (first === undefined) return passed;
  const more = problems.length > shownProblems ? [`[${problems.length - shownProblems} more]`] : [];
  const shown = problems.slice(0, shownProblems).map(({ en }) => en);
  return { passed: false, reason: first, output: [...shown, ...more].join('\n') };
}

async function pagesOf({ bench, changes }: CheckContext): Promise<string[]> {
  const changed = (await changes()).filter(({ afterHash }) => afterHash !== null).map(({ path }) => path);
  const styles = changed.filter((path) => /\.css$/i.test(path)).map((path) => path.split('/').at(-1) ?? path);
  const pages = new Set(changed.filter((path) => /\.html?$/i.test(path)));
  if (styles.length > 0) {
    for (const path of await bench.list()) {
      if (pages.size >= mostPages) break;
      if (!/\.html?$/i.test(path)) continue;
      const text = await bench.read(path).catch(() => null);
      if (text !== null && styles.some((name) => text.includes(name))) pages.add(path);
    }
  }
  const whole: string[] = [];
  // Parts of pages, such as templates, cannot be judged as pages.
  for (const path of pages)
    if (/<(html|body)\b/i.test((await bench.read(path).catch(() => null)) ?? '')) whole.push(path);
  return whole.slice(0, mostPages);
}

/** What was found on each page, or why none was opened. */
async function render(
  { bench }: CheckContext,
  pages: readonly string[],
): Promise<{ path: string; problems: z.output<typeof Problem>[] }[] | string> {
  try {
    const args = ['--input-type=module', '-e', program(), '--', ...pages];
    const { output, exitCode, timedOut } = await bench.run({ command: 'node', args });
    if (timedOut) return 'Chromium took too long';
    const answer = Answer.safeParse(parsed(output.split('\n').find((line) => line.startsWith('{')) ?? ''));
    if (!answer.success) return `Chromium did not work in the sandbox (exit code ${exitCode})`;
    return 'missing' in answer.data
      ? 'there is no Chromium here (apt-get install chromium)'
      : answer.data.pages;
  } catch (error) {
    if (isFault(error) && error.code.startsWith('sandbox.')) return `the sandbox refused (${error.code})`;
    throw error;
  }
}

/** Both files as one text, since the sandbox does not see the platform's files. */
function program(): string {
  const read = (name: string) => readFileSync(new URL(name, import.meta.url), 'utf8');
  return `${read('./audit.mjs').replace('export function', 'function')}\n${read('./render.mjs').replace(/^import \{ audit \}.*$/m, '')}`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
