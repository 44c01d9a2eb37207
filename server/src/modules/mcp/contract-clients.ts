import { z } from 'zod';

export const AiClient = z.enum(['continue', 'aider', 'opencode']);
export type AiClient = z.infer<typeof AiClient>;

export const ClientConfig = z.object({
  /** Where the client looks for it; `~` is the user's home. */
  path: z.string(),
  /** Holds no key: the client takes that from its environment. */
  content: z.string(),
  /** What to do besides writing the file, one shell line each; `$CDS_API_KEY` stands for the key. */
  commands: z.array(z.string()),
});
export type ClientConfig = z.infer<typeof ClientConfig>;

interface Target {
  /** Address of this platform, such as http://127.0.0.1:6711. */
  readonly url: string;
  /** As /v1/models names it, or `auto`. */
  readonly model: string;
}

/** Tokens of a conversation that the clients may plan with when they know nothing better. */
const context = { total: 32_768, output: 4_096 } as const;

/**
 * The set-up of another AI client, in its own format, so that it asks this platform's models, and its tools where the client
 * speaks MCP. Written for, and run with, Continue's CLI 1.5, Aider 0.86 and opencode 1.18.
 */
export function clientConfig(client: AiClient, target: Target): ClientConfig {
  const url = target.url.replace(/\/+$/, '');
  return writers[client]({ ...target, url });
}

const writers: Readonly<Record<AiClient, (target: Target) => ClientConfig>> = {
  continue: ({ url, model }) => {
    const shared = [
      '    provider: openai',
      `    apiBase: ${text(`${url}/v1`)}`,
      '    apiKey: $' + '{{ secrets.CDS_API_KEY }}',
    ];
    const entry = (name: string, id: string, rest: readonly string[]) => [
      `  - name: ${name}`,
      `    model: ${text(id)}`,
      ...shared,
      ...rest.map((line) => `    ${line}`),
    ];
    return {
      path: '~/.continue/config.yaml',
      content: lines([
        'name: CyberDevStudio',
        'version: 1.0.0',
        'schema: v1',
        'models:',
        ...entry('CyberDevStudio', model, ['roles: [chat, edit, apply]', 'capabilities: [tool_use]']),
        ...entry('CyberDevStudio completion', 'auto/autocomplete', [
          'useLegacyCompletionsEndpoint: true',
          'roles: [autocomplete]',
        ]),
        ...entry('CyberDevStudio embeddings', 'auto/embed', ['roles: [embed]']),
        'mcpServers:',
        '  - name: CyberDevStudio',
        '    type: streamable-http',
        `    url: ${text(`${url}/mcp`)}`,
        '    apiKey: $' + '{{ secrets.CDS_API_KEY }}',
      ]),
      commands: ['(umask 077; echo "CDS_API_KEY=$CDS_API_KEY" >> ~/.continue/.env)'],
    };
  },
  aider: ({ url, model }) => ({
    path: '~/.aider.conf.yml',
    content: lines([
      `model: ${text(`openai/${model}`)}`,
      `openai-api-base: ${text(`${url}/v1`)}`,
      '# Aider knows no figures of models that are not public; it works without.',
      'show-model-warnings: false',
    ]),
    commands: ['export OPENAI_API_KEY=$CDS_API_KEY'],
  }),
  opencode: ({ url, model }) => ({
    path: 'opencode.json',
    content: `${JSON.stringify(
      {
        $schema: 'https://opencode.ai/config.json',
        model: `cds/${model}`,
        provider: {
          cds: {
            npm: '@ai-sdk/openai-compatible',
            name: 'CyberDevStudio',
            options: { baseURL: `${url}/v1`, apiKey: '{env:CDS_API_KEY}' },
            models: {
              [model]: {
                name: model,
                tool_call: true,
                limit: { context: context.total, output: context.output },
              },
            },
          },
        },
        mcp: {
          cyberdevstudio: {
            type: 'remote',
            url: `${url}/mcp`,
            headers: { Authorization: 'Bearer {env:CDS_API_KEY}' },
            oauth: false,
            enabled: true,
          },
        },
      },
      null,
      2,
    )}\n`,
    commands: ['export CDS_API_KEY=$CDS_API_KEY'],
  }),
};

/** A string of YAML: JSON's strings are also YAML's (YAML 1.2, double-quoted style). */
function text(value: string): string {
  return JSON.stringify(value);
}

function lines(all: readonly string[]): string {
  return `${all.join('\n')}\n`;
}
