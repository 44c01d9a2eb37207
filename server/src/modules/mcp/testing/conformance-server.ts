import { setTimeout as delay } from 'node:timers/promises';
import {
  type CallToolResult,
  type ContentBlock,
  type GetPromptResult,
  ProtocolError,
  ProtocolErrorCode,
  type ReadResourceResult,
  Server,
  type Tool,
} from '@modelcontextprotocol/server';

/** The least that is a picture and a sound: one transparent dot, and a WAV header without samples. */
const dotPng =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const silentWav = Buffer.concat([
  Buffer.from(
    'RIFF$\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0@\x1f\0\0@\x1f\0\0\x01\0\x08\0data\0\0\0\0',
    'latin1',
  ),
]).toString('base64');

const text = (value: string): ContentBlock => ({ type: 'text', text: value });
const image: ContentBlock = { type: 'image', data: dotPng, mimeType: 'image/png' };
const embedded = (uri: string, mimeType: string, content: string): ContentBlock => ({
  type: 'resource',
  resource: { uri, mimeType, text: content },
});

type Notify = (method: 'notifications/message' | 'notifications/progress', params: object) => Promise<void>;
type Carry = (notify: Notify, progressToken: string | number | undefined) => Promise<CallToolResult>;

const answers =
  (...content: ContentBlock[]): Carry =>
  () =>
    Promise.resolve({ content });

/** What the conformance suite asks of a server under test, by the names that it looks for. */
const tools: Readonly<Record<string, Carry>> = {
  test_simple_text: answers(text('This is a simple text response for testing.')),
  test_image_content: answers(image),
  test_audio_content: answers({ type: 'audio', data: silentWav, mimeType: 'audio/wav' }),
  test_embedded_resource: answers(
    embedded('test://embedded-resource', 'text/plain', 'This is an embedded resource content.'),
  ),
  test_multiple_content_types: answers(
    text('Multiple content types test:'),
    image,
    embedded('test://mixed-content-resource', 'application/json', '{"test":"data","value":123}'),
  ),
  test_error_handling: () =>
    Promise.resolve({
      content: [text('This tool intentionally returns an error for testing')],
      isError: true,
    }),
  test_tool_with_logging: async (notify) => {
    for (const data of ['Tool execution started', 'Tool processing data', 'Tool execution completed']) {
      await notify('notifications/message', { level: 'info', data });
      await delay(20);
    }
    return { content: [text('The tool has told three things.')] };
  },
  test_tool_with_progress: async (notify, progressToken) => {
    for (const progress of [0, 50, 100]) {
      if (progressToken !== undefined)
        await notify('notifications/progress', { progressToken, progress, total: 100 });
      await delay(20);
    }
    return { content: [text(String(progressToken))] };
  },
  json_schema_2020_12_tool: answers(text('valid')),
};

const schema2020: Tool['inputSchema'] = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  $defs: {
    address: {
      type: 'object',
      properties: { street: { type: 'string' }, city: { type: 'string' } },
    },
  },
  properties: { name: { type: 'string' }, address: { $ref: '#/$defs/address' } },
  additionalProperties: false,
};

const resources: Readonly<Record<string, ReadResourceResult['contents'][number]>> = {
  'test://static-text': {
    uri: 'test://static-text',
    mimeType: 'text/plain',
    text: 'This is the content of the static text resource.',
  },
  'test://static-binary': { uri: 'test://static-binary', mimeType: 'image/png', blob: dotPng },
};

const prompts: Readonly<Record<string, (values: Record<string, string>) => ContentBlock[]>> = {
  test_simple_prompt: () => [text('This is a simple prompt for testing.')],
  test_prompt_with_arguments: ({ arg1, arg2 }) => [
    text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`),
  ],
  test_prompt_with_embedded_resource: ({ resourceUri }) => [
    embedded(resourceUri ?? '', 'text/plain', 'Embedded resource content for testing.'),
    text('Please process the embedded resource above.'),
  ],
  test_prompt_with_image: () => [image, text('Please analyze the image above.')],
};

const promptArguments: Readonly<Record<string, readonly string[]>> = {
  test_prompt_with_arguments: ['arg1', 'arg2'],
  test_prompt_with_embedded_resource: ['resourceUri'],
};

function unknown(what: string): never {
  throw new ProtocolError(ProtocolErrorCode.InvalidParams, `unknown: ${what}`);
}

/** A server for one request, with what the conformance suite looks for; it stands behind the platform's HTTP face. */
export function createConformanceServer(): Server {
  const server = new Server(
    { name: 'conformance', version: '1' },
    { capabilities: { tools: {}, prompts: {}, resources: {}, logging: {}, completions: {} } },
  );
  server.setRequestHandler('tools/list', () => ({
    tools: Object.keys(tools).map((name) => ({
      name,
      description: `${name} of the suite`,
      inputSchema: name === 'json_schema_2020_12_tool' ? schema2020 : { type: 'object' as const },
    })),
  }));
  server.setRequestHandler('tools/call', ({ params }, { mcpReq }) => {
    const carry = tools[params.name] ?? unknown(params.name);
    const notify: Notify = (method, values) => mcpReq.notify({ method, params: values } as never);
    return carry(notify, params._meta?.progressToken);
  });
  addResources(server);
  addPrompts(server);
  server.setRequestHandler('logging/setLevel', () => ({}));
  server.setRequestHandler('completion/complete', () => ({
    completion: { values: ['paris', 'park', 'party'], total: 3, hasMore: false },
  }));
  return server;
}

function addResources(server: Server): void {
  server.setRequestHandler('resources/list', () => ({
    resources: Object.values(resources).map(({ uri, mimeType }) => ({
      uri,
      name: uri,
      ...(mimeType === undefined ? {} : { mimeType }),
    })),
  }));
  server.setRequestHandler('resources/templates/list', () => ({
    resourceTemplates: [{ uriTemplate: 'test://template/{id}/data', name: 'template' }],
  }));
  server.setRequestHandler('resources/read', ({ params: { uri } }) => {
    const id = /^test:\/\/template\/([^/]+)\/data$/.exec(uri)?.[1];
    if (id === undefined) return { contents: [resources[uri] ?? unknown(uri)] };
    const content = JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` });
    return { contents: [{ uri, mimeType: 'application/json', text: content }] };
  });
}

function addPrompts(server: Server): void {
  server.setRequestHandler('prompts/list', () => ({
    prompts: Object.keys(prompts).map((name) => ({
      name,
      description: `${name} of the suite`,
      arguments: (promptArguments[name] ?? []).map((argument) => ({
        name: argument,
        description: argument,
        required: true,
      })),
    })),
  }));
  server.setRequestHandler('prompts/get', ({ params }): GetPromptResult => {
    const fill = prompts[params.name] ?? unknown(params.name);
    return { messages: fill(params.arguments ?? {}).map((content) => ({ role: 'user', content })) };
  });
}
