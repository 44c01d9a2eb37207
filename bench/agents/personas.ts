// Models that fail in the ways that small models and poor providers do: each turns the right answer into a wrong one.
import type { Said } from '@cyberdevstudio/server/modules/agents/testing/scripted-provider.ts';

/** What a model is asked for, with the right answer to it. */
export type Wanted =
  | { readonly kind: 'file'; readonly path: string; readonly before: string; readonly content: string }
  | { readonly kind: 'json'; readonly text: string };

export interface Persona {
  readonly name: string;
  /** How the fault looks for the n-th time, counted from zero. */
  readonly strike: (wanted: Wanted, time: number) => Said;
  /** The same of a model that works with tools, where it is not the same. */
  readonly withTools?: (wanted: Wanted & { kind: 'file' }, time: number) => Said;
  /** Codes that tell truly why a task with this fault has ended. */
  readonly truths: readonly string[];
}

const unreadable = ['agents.answer_invalid', 'agents.check_failed'];

/** The reference answers are fenced with four marks, as a document may hold three. */
export const fenced = (content: string) => `\`\`\`\`\n${content}\`\`\`\``;

const said = (text: string, more: { cut?: boolean } = {}): Said => ({ text, ...more });
const plain = (wanted: Wanted) => (wanted.kind === 'file' ? wanted.content : wanted.text);
const half = (text: string) => text.slice(0, Math.floor(text.length / 2));

/** Up to a line that nothing is open in, so that what is left still parses where it can. */
function firstLines(text: string): string {
  const lines = text.split('\n');
  return `${lines.slice(0, Math.max(1, Math.ceil(lines.length / 2))).join('\n')}\n`;
}

function comment(path: string, text: string): string {
  if (path.endsWith('.py')) return `# ${text}\n`;
  if (/\.(html|md)$/.test(path)) return `<!-- ${text} -->\n`;
  return path.endsWith('.css') ? `/* ${text} */\n` : `// ${text}\n`;
}

const pick = <Item>(items: readonly [Item, ...Item[]], time: number): Item =>
  items[time % items.length] ?? items[0];

const write = (path: string, content: string, more: { cut?: boolean } = {}): Said => ({
  tool: 'write_file',
  input: { path, content },
  ...more,
});

const elided = ({ path, before, content }: Wanted & { kind: 'file' }, time: number): string =>
  `${firstLines(before === '' ? content : before)}${comment(
    path,
    pick(['... rest of the code here', '... existing code ...', 'rest of the file is unchanged'], time),
  )}`;

/** A file answer gone wrong; for a decision the text that is given. */
const forFile =
  (wrong: (wanted: Wanted & { kind: 'file' }, time: number) => Said, decision: Said) =>
  (wanted: Wanted, time: number): Said =>
    wanted.kind === 'file' ? wrong(wanted, time) : decision;

export const personas: readonly Persona[] = [
  {
    name: 'bad fence',
    truths: unreadable,
    strike: forFile(
      ({ content }, time) =>
        said(
          pick(
            [
              `Sure! Change it like this: ${content.split('\n')[0] ?? ''} and you are done.`,
              `\`\`\`\`\n${content}`,
              `Here is the file.\n\`\`\`\n\`\`\`\n`,
            ],
            time,
          ),
        ),
      said('The first file, I think.'),
    ),
  },
  {
    name: 'wrong path',
    truths: [...unreadable, 'agents.budget_tokens'],
    strike: forFile(
      (_wanted, time) =>
        said(
          pick(
            [
              `lib/other.js\n\`\`\`js\nexport const other = 1;\n\`\`\``,
              `--- a/lib/other.js\n+++ b/lib/other.js\n@@ -1,1 +1,1 @@\n-export const other = 1;\n+export const other = 2;\n`,
              `\`\`\`js\n// ../outside.js\nexport const outside = 1;\n\`\`\``,
            ],
            time,
          ),
        ),
      said('{"files":[99],"newFile":"../outside.js"}'),
    ),
    withTools: ({ content }, time) =>
      write(pick(['../outside.js', '/tmp/outside.js', '.git/hooks/pre-commit'], time), content),
  },
  {
    name: 'elision',
    truths: unreadable,
    strike: forFile((wanted, time) => said(fenced(elided(wanted, time))), said('{"files":[...]}')),
    withTools: (wanted, time) => write(wanted.path, elided(wanted, time)),
  },
  {
    name: 'repetition',
    truths: unreadable,
    strike: forFile(
      ({ content }, time) =>
        pick(
          [
            said(fenced(`${firstLines(content)}${'value = value;\n'.repeat(300)}`), { cut: true }),
            said(fenced(content.repeat(40))),
            said(`\`\`\`\n${'and then '.repeat(500)}`, { cut: true }),
          ],
          time,
        ),
      said(`{"files":[${'1,'.repeat(200)}`, { cut: true }),
    ),
    withTools: ({ path, content }, time) =>
      pick(
        [
          write(path, content.repeat(40)),
          { tool: 'read_file', input: { path } },
          write(path, `${firstLines(content)}${'value = value;\n'.repeat(300)}`),
        ],
        time,
      ),
  },
  {
    name: 'tool call as text',
    truths: [...unreadable, 'agents.stuck'],
    strike: forFile(({ path, content }, time) => {
      const call = JSON.stringify({ name: 'write_file', arguments: { path, content } });
      return said(pick([`<tool_call>${call}</tool_call>`, `\`\`\`json\n${call}\n\`\`\``, call], time));
    }, said('<tool_call>{"name":"list_files","arguments":{}}</tool_call>')),
  },
  {
    name: 'truncation',
    truths: unreadable,
    strike: forFile(
      ({ content }, time) =>
        pick(
          [
            said(`\`\`\`\`\n${half(content)}`, { cut: true }),
            said(fenced(firstLines(content))),
            said(`\`\`\`\`\n${half(content)}`),
          ],
          time,
        ),
      said('{"files":[', { cut: true }),
    ),
    withTools: ({ path, content }, time) =>
      pick([write(path, content, { cut: true }), write(path, firstLines(content))], time),
  },
  { name: '429', truths: ['llm.provider_limited'], strike: () => ({ status: 429, retryAfter: '1' }) },
  {
    name: 'mid-stream drop',
    truths: ['llm.stream_broken', 'llm.provider_failed'],
    strike: () => ({ dropMidway: true }),
  },
  {
    name: 'overspend',
    truths: [...unreadable, 'agents.budget_tokens'],
    strike: () => ({
      text: 'Let me think about that for a while.',
      usage: { prompt_tokens: 200, completion_tokens: 45_000 },
    }),
  },
  {
    name: 'missing usage',
    truths: [],
    strike: (wanted) => ({
      text: wanted.kind === 'file' ? fenced(plain(wanted)) : plain(wanted),
      usage: null,
    }),
  },
];
