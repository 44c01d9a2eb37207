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
