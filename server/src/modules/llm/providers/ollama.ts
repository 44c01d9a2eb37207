import { connect } from 'node:net';
import { z } from 'zod';
import type { ProviderModel } from '../contract-shapes.ts';
import type { createUpstream } from './upstream.ts';

const Tags = z.object({
  models: z
    .array(
      z.object({
        name: z.string().min(1).max(200),
        details: z.object({ family: z.string() }).partial().optional(),
      }),
    )
    .max(500),
});

export interface OllamaWatch {
  /** What was found last; undefined while none answers. */
  current(): { readonly baseUrl: string; readonly models: readonly ProviderModel[] } | undefined;
  look(): Promise<void>;
}

/** Looks for an Ollama on this machine; whatever else answers there, or nothing, is no Ollama. */
export function createOllamaWatch(
  url: string | undefined,
  upstream: Pick<ReturnType<typeof createUpstream>, 'getJson'>,
): OllamaWatch {
  let found: ReturnType<OllamaWatch['current']>;
  return {
    current: () => found,
    async look() {
      if (url === undefined) return;
      try {
        // Most machines have none: then the HTTP client need not even be loaded.
        if (!(await isListening(new URL(url)))) throw new Error('nobody listens');
        const { models } = Tags.parse(await upstream.getJson(`${url.replace(/\/+$/, '')}/api/tags`, 1_000));
        found = {
          baseUrl: `${url.replace(/\/+$/, '')}/v1`,
          models: models.map(({ name, details }) => ({
            id: name,
            contextSize: null,
            inputCost: '0',
            cachedInputCost: null,
            outputCost: '0',
            tokenWeight: '1',
            task: /bert|embed/i.test(`${details?.family ?? ''} ${name}`)
              ? ('embed' as const)
              : ('chat' as const),
          })),
        };
      } catch {
        // That is no news.
        found = undefined;
      }
    },
  };
}

/** Whether anything takes connections there, within a second. */
function isListening({ hostname, port, protocol }: URL): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({
      host: hostname.replace(/^\[|\]$/g, ''),
      port: Number(port || (protocol === 'https:' ? 443 : 80)),
      timeout: 1_000,
    });
    const settle = (listening: boolean) => {
      socket.destroy();
      resolve(listening);
    };
    socket.once('connect', () => settle(true));
    socket.once('timeout', () => settle(false));
    socket.once('error', () => settle(false));
  });
}
