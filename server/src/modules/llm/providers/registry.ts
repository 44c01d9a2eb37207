import {
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleWhen,
} from 'cockatiel';
import { fault, isFault } from '#base/fault.ts';
import type { Database } from '#kernel/database/database.ts';
import type { Publish } from '#kernel/module.ts';
import type { llmContract } from '../contract.ts';
import type { ProviderKind, ProviderModel } from '../contract-shapes.ts';
import type { Source } from '../source.ts';
import type { Cooldowns } from './cooldowns.ts';
import type { CredentialStore } from './credential-store.ts';
import { providerKinds } from './kinds.ts';
import { createProviderSource, type ProviderSourceDeps } from './provider-source.ts';
import {
  deleteProvider,
  insertProvider,
  listProviders,
  type StoredProvider,
  updateProvider,
} from './provider-store.ts';

export interface ProviderView {
  readonly name: string;
  readonly kind: ProviderKind;
  readonly baseUrl: string;
  readonly hasApiKey: boolean;
  readonly models: ProviderModel[];
  readonly enabled: boolean;
  readonly found: boolean;
  readonly state: 'ready' | 'disabled' | 'cooling' | 'open';
  readonly coolingUntil: string | null;
  readonly coolingReason: string | null;
}

export interface ProviderSettings {
  readonly name: string;
  readonly kind: ProviderKind;
  readonly baseUrl?: string | undefined;
  readonly apiKey?: string | null | undefined;
  readonly models: readonly ProviderModel[];
  readonly enabled: boolean;
}

export interface Providers {
  list(): Promise<ProviderView[]>;
  /** @throws llm.provider_exists, llm.provider_incomplete */
  create(settings: ProviderSettings, actorId: string): Promise<ProviderView>;
  /** @throws llm.provider_unknown, llm.provider_incomplete */
  update(settings: ProviderSettings, actorId: string): Promise<ProviderView>;
  /** @throws llm.provider_unknown */
  remove(name: string, actorId: string): Promise<void>;
  /** Of an enabled provider; undefined when there is no such provider or model. */
  source(provider: string, modelId: string): Promise<Source | undefined>;
  /** Models of enabled providers, those on this machine first. */
  models(): Promise<readonly { readonly provider: string; readonly model: ProviderModel }[]>;
  /** Reads the table anew with the next use. */
  forget(): void;
}

export interface ProvidersDeps extends ProviderSourceDeps {
  readonly database: Database;
  readonly credentials: CredentialStore;
  readonly cooldowns: Cooldowns;
  readonly publish: Publish<typeof llmContract>;
  /** An Ollama that answers on this machine, and its models. */
  readonly ollama: () => { readonly baseUrl: string; readonly models: readonly ProviderModel[] } | undefined;
}

interface Known {
  readonly stored: StoredProvider;
  readonly key: string | undefined;
  readonly found: boolean;
  /** What answers for its models: made with the first request, and without a state of its own. */
  readonly sources: Map<string, Source>;
}

const failuresInARow = 5;
const restMs = 10_000;

/** The providers of the installation, read once and kept until somebody changes them. */
export function createProviders(deps: ProvidersDeps): Providers {
  const { database, credentials, cooldowns, publish, now } = deps;
  const breakers = new Map<string, CircuitBreakerPolicy>();
  let loading: Promise<Map<string, Known>> | undefined;

  async function load(): Promise<Map<string, Known>> {
    const known = new Map<string, Known>();
    for (const stored of await listProviders(database)) {
      known.set(stored.name, {
        stored,
        key: await credentials.reveal(stored.name),
        found: false,
        sources: new Map(),
      });
    }
    return known;
  }

  async function all(): Promise<Map<string, Known>> {
    loading ??= load().catch((error: unknown) => {
      loading = undefined;
      throw error;
    });
    const table = await loading;
    const ollama = deps.ollama();
    if (ollama === undefined || [...table.values()].some(({ stored }) => stored.kind === 'ollama'))
      return table;
    const stored: StoredProvider = { name: 'ollama', kind: 'ollama', enabled: true, ...ollama };
    return table.has('ollama')
      ? table
      : new Map([['ollama', { stored, key: undefined, found: true, sources: new Map() }], ...table]);
  }

  function breakerOf(name: string): CircuitBreakerPolicy {
    let breaker = breakers.get(name);
    if (breaker === undefined) {
      breaker = circuitBreaker(handleWhen(isOutage), {
        halfOpenAfter: restMs,
        breaker: new ConsecutiveBreaker(failuresInARow),
      });
      breakers.set(name, breaker);
    }
    return breaker;
  }

  function view({ stored, key, found }: Known): ProviderView {
    const cooling = cooldowns.stateOf(stored.name);
    const open = breakers.get(stored.name)?.state === CircuitState.Open;
    const state = !stored.enabled ? 'disabled' : cooling !== undefined ? 'cooling' : open ? 'open' : 'ready';
    return {
      ...stored,
      models: [...stored.models],
      hasApiKey: key !== undefined,
      found,
      state,
      coolingUntil: cooling === undefined ? null : new Date(cooling.untilMs).toISOString(),
      coolingReason: cooling?.cause ?? null,
    };
  }

  function checked(settings: ProviderSettings, hasKey: boolean): StoredProvider {
    const { name, kind, models, enabled } = settings;
    const baseUrl = settings.baseUrl ?? providerKinds[kind].baseUrl;
    if (baseUrl === null) throw fault('llm.provider_incomplete', { name, missing: 'baseUrl' });
    if (enabled && providerKinds[kind].needsKey && !hasKey) {
      throw fault('llm.provider_incomplete', { name, missing: 'apiKey' });
    }
    return { name, kind, baseUrl: baseUrl.replace(/\/+$/, ''), models, enabled };
  }

  async function change(settings: ProviderSettings, actorId: string, isNew: boolean): Promise<ProviderView> {
    const { name, apiKey } = settings;
    const hasKey =
      typeof apiKey === 'string' || (apiKey === undefined && (await credentials.names()).has(name));
    const provider = checked(settings, hasKey);
    await database.transaction(async (transaction) => {
      if (isNew) {
        if (!(await insertProvider(transaction, provider, now())))
          throw fault('llm.provider_exists', { name });
      } else if (!(await updateProvider(transaction, provider, now()))) {
        throw fault('llm.provider_unknown', { name });
      }
      if (typeof apiKey === 'string') await credentials.put(name, apiKey, transaction);
      if (apiKey === null) await credentials.remove(name, transaction);
      await publish('llm.providers_changed', { name, actorId }, { transaction, actorId });
    });
    loading = undefined;
    cooldowns.clear(name);
    breakers.delete(name);
    const known = (await all()).get(name);
    if (known === undefined) throw fault('llm.provider_unknown', { name });
    return view(known);
  }

  return {
    list: async () => [...(await all()).values()].map(view),
    create: (settings, actorId) => change(settings, actorId, true),
    update: (settings, actorId) => change(settings, actorId, false),
    async remove(name, actorId) {
      await database.transaction(async (transaction) => {
        if (!(await deleteProvider(transaction, name))) throw fault('llm.provider_unknown', { name });
        await credentials.remove(name, transaction);
        await publish('llm.providers_changed', { name, actorId }, { transaction, actorId });
      });
      loading = undefined;
      cooldowns.clear(name);
      breakers.delete(name);
    },
    async source(name, modelId) {
      const known = (await all()).get(name);
      if (known === undefined || !known.stored.enabled) return undefined;
      const made = known.sources.get(modelId);
      if (made !== undefined) return made;
      const model = known.stored.models.find((candidate) => candidate.id === modelId);
      if (model === undefined) return undefined;
      const { baseUrl, kind } = known.stored;
      const access = { name, kind, baseUrl, key: known.key, breaker: breakerOf(name) };
      const source = createProviderSource(access, model, deps);
      known.sources.set(modelId, source);
      return source;
    },
    async models() {
      const enabled = [...(await all()).values()].filter(({ stored }) => stored.enabled);
      return enabled.flatMap(({ stored }) =>
        stored.models.map((model) => ({ provider: stored.name, model })),
      );
    },
    forget() {
      loading = undefined;
    },
  };
}

/** What counts against a provider's circuit: that it fails or is silent, not that it refuses one request. */
function isOutage(error: unknown): boolean {
  return isFault(error, 'llm.provider_failed') || isFault(error, 'llm.provider_timeout');
}
