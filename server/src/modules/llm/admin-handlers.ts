import { availableParallelism } from 'node:os';
import type { Client } from '#base/contract.ts';
import type { Principal } from '#base/principal.ts';
import type { Handlers } from '#kernel/module.ts';
import type { ledgerContract } from '#modules/ledger/contract.ts';
import type { Activity } from './activity.ts';
import type { llmContract } from './contract.ts';
import type { llmAdminMethods } from './contract-admin.ts';
import { contextSizeOf } from './local/local-source.ts';
import type { InferenceMetrics } from './metrics.ts';
import type { ModelDownloads } from './model-downloads.ts';
import type { LocalModelsWithMemory } from './models/local-models.ts';
import type { Providers } from './providers/registry.ts';
import type { RoutingTable } from './routing.ts';

export interface AdminDeps {
  readonly models: LocalModelsWithMemory;
  readonly downloads: ModelDownloads;
  readonly ledger: Pick<Client<typeof ledgerContract>, 'call'>;
  readonly providers: Providers;
  readonly routing: RoutingTable;
  readonly metrics: InferenceMetrics;
  readonly activity: Activity;
  readonly modelThreads: number | undefined;
  readonly modelContextSize: number;
}

type AdminHandlers = Pick<Handlers<typeof llmContract>, keyof typeof llmAdminMethods>;

/** Administration of models, providers and routing. */
export function adminHandlersOf(deps: AdminDeps): AdminHandlers {
  const { models, providers, routing, metrics, ledger } = deps;
  const { downloads } = deps;
  const actorOf = (user: Principal) => user.userId;

  return {
    'admin.models.list': async ({ call }) => {
      const { currency } = await ledger.call('usage.me', {}, call);
      const local = (await models.list()).map((model) => ({
        id: model.id,
        origin: 'local',
        contextSize: contextSizeOf(model, deps.modelContextSize),
        prices: {
          inputCost: model.settings.inputCost ?? '0',
          cachedInputCost: null,
          outputCost: model.settings.outputCost ?? '0',
          tokenWeight: model.settings.tokenWeight ?? '1',
        },
        local: model,
      }));
      const offered = (await providers.models()).map(({ provider, model }) => ({
        id: `${provider}/${model.id}`,
        origin: provider,
        contextSize: model.contextSize,
        prices: {
          inputCost: model.inputCost,
          cachedInputCost: model.cachedInputCost,
          outputCost: model.outputCost,
          tokenWeight: model.tokenWeight,
        },
        local: null,
      }));
      return { models: [...local, ...offered], currency };
    },
    'admin.models.status': async () => {
      const all = (await models.list()).filter(
        ({ state }) => state !== 'available' && state !== 'unreadable',
      );
      return {
        memory: models.memory(),
        threads: deps.modelThreads ?? Math.max(1, availableParallelism() - 1),
        activeSessions: metrics.activeSessions(),
        queueLength: all.reduce((sum, model) => sum + model.queuedRequests, 0),
        models: all,
        providers: await providers.list(),
      };
    },
    'admin.models.activity': () => ({
      requests: [...deps.activity.requests()],
      minutes: deps.activity.minutes().map(({ at, models: counts }) => ({ at, models: [...counts] })),
    }),
    'admin.models.catalogue': async () => ({ models: await downloads.catalogue() }),
    'admin.models.download': ({ params }) => downloads.start(params),
    'admin.models.downloads': () => ({ downloads: [...downloads.list()] }),
    'admin.models.cancelDownload': async ({ params }) => {
      await downloads.cancel(params.downloadId);
      return null;
    },
    'admin.models.load': ({ params: { modelId, ...given }, call }) => {
      const settings = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
      return models.load(modelId, settings, call.signal);
    },
    'admin.models.unload': async ({ params }) => {
      await models.unload(params.modelId, { waitMs: params.waitMs });
      return models.find(params.modelId);
    },
    'admin.models.remove': async ({ params }) => {
      await models.remove(params.modelId);
      return null;
    },
    'admin.providers.list': async () => ({ providers: await providers.list() }),
    'admin.providers.create': ({ params, user }) => providers.create(params, actorOf(user)),
    'admin.providers.update': ({ params, user }) => providers.update(params, actorOf(user)),
    'admin.providers.remove': async ({ params, user }) => {
      await providers.remove(params.name, actorOf(user));
      return null;
    },
    'admin.routing.read': () => routing.read(),
    'admin.routing.update': ({ params, user }) => routing.update(params, actorOf(user)),
  };
}
