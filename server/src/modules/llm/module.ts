import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { defineModule } from '#kernel/module.ts';
import { systemCall } from '#kernel/rpc/call-context.ts';
import { newTraceId } from '#kernel/telemetry/trace.ts';
import { ledgerContract } from '#modules/ledger/contract.ts';
import { type Accounting, ownRequestIds } from './accounting/accounting.ts';
import { createPurses } from './accounting/purses.ts';
import { createSingleHolds } from './accounting/single-holds.ts';
import { createActivity } from './activity.ts';
import { adminHandlersOf } from './admin-handlers.ts';
import { createRevocations } from './api/revocations.ts';
import { mountApi } from './api/routes.ts';
import { mountStreamSocket } from './api/stream-socket.ts';
import { createAttempts } from './attempts.ts';
import { createCandidates } from './candidates.ts';
import { llmConfig } from './config.ts';
import { llmContract } from './contract.ts';
import { endLostServers } from './engine/llama-server/lost-servers.ts';
import { createInference } from './inference.ts';
import { createInferenceMetrics } from './metrics.ts';
import { createModelDownloads } from './models/downloads.ts';
import { createLocalModels } from './models/local-models.ts';
import { createModelSettingsStore } from './models/settings-store.ts';
import { createProviderPart } from './providers/provider-part.ts';
import { rpcHandlersOf } from './rpc-handlers.ts';

export const llm = defineModule({
  name: 'llm',
  contract: llmContract,
  needs: { ledger: ledgerContract },
  config: llmConfig,
  migrations: new URL('./migrations/', import.meta.url),
  start: (context) => {
    const { config, database, publish, now, log, metrics: registry, dataDir } = context;
    const { ledger } = context.clients;
    const call = () => systemCall({ traceId: newTraceId() });
    const id = () => randomUUID();
    const models = createLocalModels({
      modelsDir: path.join(dataDir, 'models'),
      settings: createModelSettingsStore(database),
      config,
      log,
      now,
      onState: (change) => {
        publish('llm.model_state', change).catch((error: unknown) =>
          log.debug({ err: error }, 'not announced'),
        );
      },
    });
    context.defer(async () => models[Symbol.asyncDispose]());
    const downloads = createModelDownloads({
      modelsDir: path.join(dataDir, 'models'),
      modelIds: async () => (await models.list()).map((model) => model.id),
      log,
      now,
      newId: id,
      hubUrl: config.hubUrl,
      onProgress: (download) => {
        publish('llm.download', download).catch((error: unknown) =>
          log.debug({ err: error }, 'not announced'),
        );
      },
    });
    context.defer(async () => downloads[Symbol.asyncDispose]());
    const { providers, routing } = createProviderPart(context);
    const metrics = createInferenceMetrics(registry, { models, nowMs: () => performance.now() });
    const candidates = createCandidates({
      models,
      providers,
      routing,
      now,
      newId: id,
      defaultMaxTokens: config.defaultMaxTokens,
      modelContextSize: config.modelContextSize,
    });
    const access = { ledger, systemCall: call, lifetimeMs: config.reservationMs, log };
    const newRequestId = () => `${ownRequestIds}${randomUUID()}`;
    const purses = createPurses({ ...access, now, newId: id, idleMs: config.purseIdleMs });
    context.defer(() => purses[Symbol.asyncDispose]() as Promise<void>);
    const singles = createSingleHolds({ ...access, now });
    context.defer(() => singles[Symbol.asyncDispose]() as Promise<void>);
    const accounting: Accounting = {
      hold: (request) => (request.repeatable ? singles : purses).hold(request),
    };
    const activity = createActivity(now);
    const nowMs = () => performance.now();
    const inference = createInference(
      createAttempts({ candidates, routing, accounting, metrics, activity, nowMs }),
    );
    const { maxRequestBytes, readerStallMs } = config;
    const { events, identity } = context;
    const revocations = createRevocations({ events, identity, log });
    context.defer(() => revocations[Symbol.dispose]());
    const api = {
      ...{ inference, candidates, newId: newRequestId, revocations },
      ...{ maxRequestBytes, readerStallMs, log },
    };
    return {
      handlers: {
        ...rpcHandlersOf(api),
        ...adminHandlersOf({
          models,
          providers,
          routing,
          metrics,
          activity,
          downloads,
          ledger,
          modelThreads: config.modelThreads,
          modelContextSize: config.modelContextSize,
        }),
      },
      recover: async () => {
        downloads.resume();
        if (config.serverBinary === undefined) return;
        const ended = endLostServers(tmpdir());
        if (ended.length > 0)
          log.warn({ pids: ended }, 'ended llama-servers that a killed platform had left');
      },
      routes(app, kit) {
        mountApi(app, kit, api);
        mountStreamSocket(app, kit, api);
      },
    };
  },
});
