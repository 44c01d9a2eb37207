import type { z } from 'zod';
import type { ModuleContext, Needs } from '#kernel/module.ts';
import type { llmConfig } from '../config.ts';
import type { llmContract } from '../contract.ts';
import { createRouting, type RoutingTable } from '../routing.ts';
import { createCooldowns } from './cooldowns.ts';
import { createCredentialStore } from './credential-store.ts';
import { createOllamaWatch } from './ollama.ts';
import { createProviders, type Providers } from './registry.ts';
import { createUpstream } from './upstream.ts';

/** Starts all that has to do with providers; what runs is stopped with the module. */
export function createProviderPart(
  context: ModuleContext<typeof llmContract, Needs, z.output<typeof llmConfig>>,
): { readonly providers: Providers; readonly routing: RoutingTable } {
  const { config, database, publish, now, stopping } = context;
  const upstream = createUpstream();
  context.defer(async () => upstream[Symbol.asyncDispose]());
  const ollama = createOllamaWatch(config.ollamaUrl === '' ? undefined : config.ollamaUrl, upstream);
  let looking = ollama.look();
  const timer = setInterval(() => {
    if (!stopping.aborted) looking = ollama.look();
  }, config.ollamaEveryMs).unref();
  context.defer(async () => {
    clearInterval(timer);
    await looking;
  });
  const routing = createRouting({ database, publish, now });
  const providers = createProviders({
    database,
    credentials: createCredentialStore({ database, key: context.secret('llm.credentials'), now }),
    cooldowns: createCooldowns(now),
    upstream,
    limits: config,
    publish,
    now,
    ollama: () => ollama.current(),
  });
  const changes = context.events.subscribe('llm.providers_changed', () => {
    providers.forget();
    routing.forget();
  });
  context.defer(() => changes[Symbol.dispose]());
  return { providers, routing };
}
