// One server of the bench as a process of its own: `node targets.ts upstream | ours`. Ends when its input does.
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { testWorld } from '@cyberdevstudio/server/kernel/testing/world.ts';
import { authContract } from '@cyberdevstudio/server/modules/auth/contract.ts';
import { auth } from '@cyberdevstudio/server/modules/auth/module.ts';
import { ledgerContract } from '@cyberdevstudio/server/modules/ledger/contract.ts';
import { ledger } from '@cyberdevstudio/server/modules/ledger/module.ts';
import { llmContract } from '@cyberdevstudio/server/modules/llm/contract.ts';
import { llm } from '@cyberdevstudio/server/modules/llm/module.ts';

export const chunksPerStream = 200;

const usage = { prompt_tokens: 20, completion_tokens: 10, total_tokens: 30 };
const whole = JSON.stringify({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [
    { index: 0, message: { role: 'assistant', content: 'one two three four' }, finish_reason: 'stop' },
  ],
  usage,
});

function chunk(choices: object[], rest: object = {}): string {
  const body = {
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices,
    ...rest,
  };
  return `data: ${JSON.stringify(body)}\n\n`;
}

const piece = chunk([{ index: 0, delta: { content: ' token' }, logprobs: null, finish_reason: null }]);
const ending = `${chunk([{ index: 0, delta: {}, finish_reason: 'stop' }])}${chunk([], { usage })}data: [DONE]\n\n`;

/** Answers as a provider does, for next to nothing; a stream's pieces come one packet each. */
async function upstream(): Promise<number> {
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    request.on('end', () => {
      if (text.includes('"stream":true')) void stream(response);
      else response.writeHead(200, { 'content-type': 'application/json' }).end(whole);
    });
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function stream(response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (let index = 0; index < chunksPerStream && !response.destroyed; index += 1) {
    response.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  response.end(ending);
}

/** The model server with accounts, the ledger and its database: every request is reserved, settled and stored. */
async function ours(upstreamUrl: string): Promise<readonly [port: number, token: string]> {
  const world = await testWorld([ledger, auth, llm], {
    environment: {
      CDS_ADMIN_PASSWORD: 'seven quiet herons',
      CDS_LLM_OLLAMA_URL: '',
      CDS_RATE_INFERENCE_PER_SECOND: '1000000',
      CDS_RATE_INFERENCE_BURST: '1000000',
    },
  });
  const call = world.call({ role: 'admin' });
  await world.client(llmContract).call(
    'admin.providers.create',
    {
      name: 'up',
      kind: 'openai',
      baseUrl: `${upstreamUrl}/v1`,
      models: [{ id: 'm', contextSize: 8_000, inputCost: '0.00000015', outputCost: '0.0000006' }],
    },
    call,
  );
  const login = await fetch(`${world.url}/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'admin', password: 'seven quiet herons' }),
  });
  const { user, accessToken } = (await login.json()) as { user: { id: string }; accessToken: string };
  await world.client(authContract);
  await world
    .client(ledgerContract)
    .call(
      'ledger.credit',
      { userId: user.id, tokens: 1_000_000_000_000, key: 'bench', reason: 'bench' },
      call,
    );
  return [Number(new URL(world.url).port), accessToken];
}

const [name, upstreamUrl = ''] = process.argv.slice(2);
if (name === 'upstream') console.log(`ready ${await upstream()}`);
else if (name === 'ours') console.log(`ready ${(await ours(upstreamUrl)).join(' ')}`);
process.stdin.resume().once('end', () => process.exit(0));
