/** A text as one word of a POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** The request as a command line that works when pasted, with a key in place of the marked one. */
export function curlOf(origin: string, body: object): string {
  const json = JSON.stringify({ ...body, stream: true }, null, 2);
  return [
    `curl ${origin}/v1/chat/completions \\`,
    "  -H 'Authorization: Bearer YOUR_API_KEY' \\",
    "  -H 'Content-Type: application/json' \\",
    `  -d ${quoted(json)}`,
  ].join('\n');
}

/** The request as a program for OpenAI's official JavaScript SDK. */
export function sdkCodeOf(origin: string, body: object): string {
  const json = JSON.stringify({ ...body, stream: true }, null, 2);
  return `import OpenAI from 'openai';

const openai = new OpenAI({ baseURL: ${JSON.stringify(`${origin}/v1`)}, apiKey: 'YOUR_API_KEY' });
const stream = await openai.chat.completions.create(${json});
for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta.content ?? '');
`;
}

export type Block =
  | { readonly kind: 'code'; readonly text: string; readonly language: string }
  | { readonly kind: 'prose'; readonly text: string };

/** An answer cut at its code fences (CommonMark, section 4.5); one that is still open is code to its end. */
export function blocksOf(answer: string): Block[] {
  const blocks: Block[] = [];
  let lines: string[] = [];
  let fence: { readonly mark: string; readonly language: string } | undefined;
  const close = () => {
    const text = lines.join('\n');
    if (fence !== undefined) blocks.push({ kind: 'code', text, language: fence.language });
    else if (text.trim() !== '') blocks.push({ kind: 'prose', text: text.trim() });
    lines = [];
  };
  for (const line of answer.split('\n')) {
    const mark = /^ {0,3}(`{3,}|~{3,})\s*([\w+#-]*)/.exec(line);
    if (fence === undefined && mark !== null) {
      close();
      fence = { mark: mark[1] ?? '```', language: mark[2] ?? '' };
    } else if (fence !== undefined && line.trim().startsWith(fence.mark) && /^[`~]+$/.test(line.trim())) {
      close();
      fence = undefined;
    } else {
      lines.push(line);
    }
  }
  close();
  return blocks;
}
