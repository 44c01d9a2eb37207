import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Call } from '#base/contract.ts';
import type { Principal } from '#base/principal.ts';
import { defineModule } from '#kernel/module.ts';
import { LazyCall } from '#kernel/rpc/call-context.ts';
import { llmContract } from '#modules/llm/contract.ts';
import { projectsContract } from '#modules/projects/contract.ts';
import { sandboxContract } from '#modules/sandbox/contract.ts';
import { searchContract } from './contract.ts';
import { createEmbedder } from './embedder.ts';
import { createIndexCounts } from './index/counts.ts';
import { createFreshness, type WatchFiles } from './index/freshness.ts';
import { createIndexer } from './index/indexer.ts';
import { createMeaning } from './meaning.ts';
import { type Asked, createSearchService, linesOf } from './service.ts';
import { collectContents, deleteProject } from './store.ts';
import { createSearchThread } from './worker/pool.ts';

const dayMs = 86_400_000;
/** Searching is reading and comparing: a second thread halves it, more would take the processors from everybody else. */
const exactThreadsAtMost = Math.min(2, availableParallelism());

/** Settings of search: `CDS_SEARCH_…`. */
const searchConfig = z.object({
  timeoutMs: z.int().min(100).max(55_000).default(20_000).describe('Longest exact search, in milliseconds'),
  indexWaitMs: z
    .int()
    .min(0)
    .max(30_000)
    .default(3_000)
    .describe(
      'How long a search waits for the index to catch up, in milliseconds; the work goes on after it',
    ),
  embeddings: z
    .boolean()
    .default(true)
    .describe('Rank by meaning, too, when a local embedding model is present'),
  keepDays: z
    .int()
    .min(1)
    .max(3650)
    .default(30)
    .describe('Days for which the index of contents that no file has any more is kept'),
});

export const search = defineModule({
  name: 'search',
  contract: searchContract,
  needs: { projects: projectsContract, sandbox: sandboxContract, llm: llmContract },
  config: searchConfig,
  migrations: new URL('./migrations/', import.meta.url),
  start: (context) => {
    const { database, config, now, log, stopping, clients } = context;
    const onError = (error: unknown) => log.warn({ err: error }, 'background work of search failed');
    const exactThreads = Array.from({ length: exactThreadsAtMost }, () => createSearchThread());
    const indexThread = createSearchThread({ onRestart: () => meaning.reset() });
    context.defer(async () => {
      for (const thread of exactThreads) await thread[Symbol.asyncDispose]();
    });
    context.defer(async () => {
      await indexThread[Symbol.asyncDispose]();
    });
    const counts = createIndexCounts(database, now);
    const indexer = createIndexer({ database, thread: indexThread, now, onChange: counts.changed });
    const embedder = createEmbedder(clients.llm);
    const meaning = createMeaning({
      database,
      embedder,
      thread: indexThread,
      textOf: async (target, chunk) => (await linesOf(target, chunk))?.join('\n') ?? null,
      stopping,
      onError,
      onChange: counts.changed,
    });
    const freshness = createFreshness({ refresh: indexer.refresh, now, onError });
    context.defer(async () => {
      await freshness[Symbol.asyncDispose]();
    });
    const service = createSearchService({
      database,
      exactThreads,
      freshness,
      embedder,
      meaning,
      counts,
      config,
    });

    const purged = context.events.consume('search.projects', 'project.purged', async (event, transaction) => {
      const { projectId } = event.payload as { projectId: string };
      freshness.forget(projectId);
      counts.changed(projectId);
      await deleteProject(transaction, projectId);
    });
    context.defer(() => purged[Symbol.dispose]());
    const collecting = collectDaily();
    context.defer(() => collecting);

    async function collectDaily(): Promise<void> {
      while (!stopping.aborted) {
        await sleep(dayMs, undefined, { signal: stopping, ref: false }).catch(() => undefined);
        if (!stopping.aborted)
          await collectContents(database, new Date(now() - config.keepDays * dayMs)).catch(onError);
      }
    }

    /** Background work outlives the call that began it, in the name of its caller. */
    function lasting(call: Call, signal: AbortSignal): Call {
      const { principal, traceId, address, language } = call;
      const own = new LazyCall({ principal, traceId, address, language });
      signal.addEventListener('abort', () => own.abort(signal.reason), { once: true });
      return own;
    }

    async function asked(
      { projectId, worktreeId }: { readonly projectId: string; readonly worktreeId?: string | undefined },
      user: Principal,
      call: Call,
    ): Promise<Asked> {
      const access = {
        projectId,
        userId: user.userId,
        need: 'read',
        globalRole: user.role,
        ...(worktreeId === undefined ? {} : { worktreeId }),
      } as const;
      const { workspacePath, stagingPath, limits } = await clients.projects.call(
        'project.access',
        access,
        call,
      );
      const watch: WatchFiles = async function* (watchedId, signal) {
        const own = lasting(call, AbortSignal.any([signal, stopping]));
        const stream = clients.sandbox.stream('fs.watch', { projectId: watchedId }, own);
        for await (const { changes, overflow } of stream) {
          yield { paths: changes.map(({ path }) => path), overflow };
        }
      };
      const target = { projectId, place: { workspacePath, stagingPath, limits } };
      return { target, call, watch, lasting: () => lasting(call, stopping) };
    }

    return {
      handlers: {
        'search.code': async ({ params, user, call }) =>
          service.code(await asked(params, user, call), params),
        'search.status': async ({ params, user, call }) => {
          await asked(params, user, call);
          return service.status(params.projectId, call);
        },
        'search.map': async ({ params, user, call }) => service.map(await asked(params, user, call), params),
      },
    };
  },
});
