import type { ProviderKind } from '../contract-shapes.ts';

interface KindOfProvider {
  /** Null: the address is the installation's own and must be given. */
  readonly baseUrl: string | null;
  readonly needsKey: boolean;
}

/** Every kind speaks OpenAI's API below its base address; they differ in where that is and whether a key is needed. */
export const providerKinds: Readonly<Record<ProviderKind, KindOfProvider>> = {
  // Also any other OpenAI-compatible server: then with its own address, and a key only if it wants one.
  openai: { baseUrl: 'https://api.openai.com/v1', needsKey: false },
  ollama: { baseUrl: 'http://127.0.0.1:11434/v1', needsKey: false },
  groq: { baseUrl: 'https://api.groq.com/openai/v1', needsKey: true },
  openrouter: { baseUrl: 'https://openrouter.ai/api/v1', needsKey: true },
  together: { baseUrl: 'https://api.together.xyz/v1', needsKey: true },
  // https://api.cloudflare.com/client/v4/accounts/<account>/ai/v1
  'workers-ai': { baseUrl: null, needsKey: true },
};
