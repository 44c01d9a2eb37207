import { unlimitedRoom } from '#kernel/files/workspace.ts';
import { defineModule } from '#kernel/module.ts';
import { systemCall } from '#kernel/rpc/call-context.ts';
import { createSyntax } from '#kernel/syntax/syntax.ts';
import { newTraceId } from '#kernel/telemetry/trace.ts';
import { connectionsContract } from '#modules/connections/contract.ts';
import { llmContract } from '#modules/llm/contract.ts';
import { projectsContract } from '#modules/projects/contract.ts';
import { promptsContract } from '#modules/prompts/contract.ts';
import { sandboxContract } from '#modules/sandbox/contract.ts';
import { searchContract } from '#modules/search/contract.ts';
import { createBlobs } from './changes/blobs.ts';
import { createChangeService } from './changes/change-service.ts';
import { neededHashes, unfinishedOperations } from './changes/change-store.ts';
import { createIntegration } from './changes/integration.ts';
import { createWorktrees } from './changes/worktree.ts';
import { advisoriesFolder, openAdvisories } from './checks/dependencies/advisories.ts';
import { agentsConfig } from './config.ts';
import { agentsContract } from './contract.ts';
import { createMergeCheck } from './queue/merge-check.ts';
import { createOrchestrator } from './queue/orchestrator.ts';
import { deleteSettings } from './queue/settings-store.ts';
import { createSweep, isRoomShort } from './queue/sweep.ts';
import { deleteProject, openTaskIds, readSteps } from './queue/task-store.ts';
import { createAgentService } from './service.ts';
import { createSettings } from './settings.ts';
import { createTaskAccess } from './task-access.ts';
import { watchSteps } from './watch.ts';

type Interrupted = Awaited<ReturnType<typeof unfinishedOperations>>[number];

export const agents = defineModule({
  name: 'agents',
  contract: agentsContract,
  needs: {
    projects: projectsContract,
    sandbox: sandboxContract,
    llm: llmContract,
    prompts: promptsContract,
    search: searchContract,
    connections: connectionsContract,
  },
  config: agentsConfig,
  migrations: new URL('./migrations/', import.meta.url),
  start: (context) => {
    const { database, config, clients, publish, now, stopping, log, dataDir } = context;
    const onError = (error: unknown) => log.warn({ err: error }, 'background work of agents failed');
    const syntax = createSyntax();
    const integration = createIntegration({ database, syntax });
    const ownCall = () => systemCall({ traceId: newTraceId(), signal: stopping });

    /** Where a project keeps its things, asked in the name of somebody who has a task there. */
    async function areaOf({ projectId, userId }: { projectId: string; userId: string }) {
      const access = { projectId, userId, need: 'read', globalRole: 'developer' } as const;
      return clients.projects.call('project.access', access, ownCall());
    }

    async function copiesOf(task: { projectId: string; userId: string }) {
      const granted = await areaOf(task);
      const blobs = createBlobs(granted.areaPath);
      const limits = { files: config.copyFiles, bytes: config.copyBytes, depth: granted.limits.depth };
      const { spareCopies } = config;
      const worktrees = createWorktrees({ ...granted, blobs, namedFiles: [], limits, spareCopies, now });
      return { worktrees, blobs };
    }

    const sweep = createSweep({
      database,
      config,
      dataDir,
      worktreesFor: async (task) => (await copiesOf(task)).worktrees,
      now,
      stopping,
      onError,
    });
    context.defer(async () => {
      await sweep[Symbol.asyncDispose]();
    });

    const advisories = openAdvisories(advisoriesFolder(dataDir));
    const orchestrator = createOrchestrator({
      database,
      runner: { clients, syntax, config, advisories, now },
      config,
      publish,
      now,
      stopping,
      onError,
      tidy: async (task, { quiet }) => {
        await clients.connections.call('connection.release', { taskId: task.taskId }, ownCall());
        const { worktrees, blobs } = await copiesOf(task);
        const open = () => openTaskIds(database, task.projectId, new Date(now()));
        const keep = quiet && !(await isRoomShort(dataDir, config.spareFreeBytes));
        if (keep && !(await open()).has(task.taskId)) await worktrees.release(task.taskId);
        await worktrees.keepOnly(open, stopping);
        // A task under way has contents that no row names yet.
        if ((await open()).size === 0) await blobs.keepOnly(await neededHashes(database, task.projectId));
      },
    });
    context.defer(async () => {
      await orchestrator[Symbol.asyncDispose]();
    });
    const access = createTaskAccess({ database, clients });
    const service = createAgentService({ database, access, orchestrator, config, publish, now });
    const settings = createSettings({ database, clients, access, publish, now });
    const changes = createChangeService({
      database,
      clients,
      orchestrator,
      integration,
      publish,
      now,
      access: access.task,
      mergeCheck: createMergeCheck({ database, clients, syntax, config, advisories, now }),
    });

    const cancelling = context.events.subscribe('agent.cancelling', ({ payload }) =>
      orchestrator.stop((payload as { taskId: string }).taskId),
    );
    context.defer(() => cancelling[Symbol.dispose]());
    const looking = context.events.subscribe('agent.looking', ({ payload }) => {
      const { taskId, whole } = payload as { taskId: string; whole: boolean };
      orchestrator.looked(taskId, whole);
    });
    context.defer(() => looking[Symbol.dispose]());
    const purged = context.events.consume('agents.projects', 'project.purged', async (event, transaction) => {
      const { projectId } = event.payload as { projectId: string };
      await deleteProject(transaction, projectId);
      await deleteSettings(transaction, projectId);
    });
    context.defer(() => purged[Symbol.dispose]());

    async function finishOperation({ files, ...operation }: Interrupted): Promise<void> {
      const granted = await areaOf(operation);
      const preserve = async (paths: readonly string[]) => {
        const { projectId } = operation;
        await clients.projects.call(
          'project.file.preserve',
          { projectId, userId: null, paths: [...paths] },
          ownCall(),
        );
      };
      const workspace = { ...granted, room: unlimitedRoom };
      await integration.finish(operation, files, {
        target: { workspace, blobs: createBlobs(granted.areaPath), preserve },
        onDone: (transaction, written) =>
          changes.entered(transaction, operation, { written, recovered: true }),
      });
    }

    async function finishInterrupted(beforeMs: number): Promise<void> {
      for (const operation of await unfinishedOperations(database, new Date(beforeMs)))
        await finishOperation(operation).catch(onError);
    }

    // A process that dies in the middle of an operation has no next start of its own where others go on.
    const finishing = setInterval(
      () => void finishInterrupted(now() - config.leaseMs).catch(onError),
      config.leaseMs,
    ).unref();
    context.defer(() => clearInterval(finishing));

    return {
      recover: async () => {
        await finishInterrupted(now());
        orchestrator.wake();
      },
      handlers: {
        'agent.dispatch': ({ params, ...caller }) => service.dispatch(params, caller),
        'agent.status': ({ params, ...caller }) => service.status(params.taskId, caller),
        'agent.list': ({ params, ...caller }) => service.list(params, caller),
        'agent.history': async ({ params, ...caller }) => {
          const { taskId, after, limit } = params;
          await service.info(taskId, caller);
          const steps = await readSteps(database, { taskId, after, limit: limit + 1 });
          return { steps: steps.slice(0, limit), more: steps.length > limit };
        },
        'agent.export': ({ params, ...caller }) => service.export(params, caller),
        'agent.watch': async function* ({ params, ...caller }) {
          await service.info(params.taskId, caller);
          yield* watchSteps({ database, events: context.events, publish }, params, caller.call.signal);
          return service.info(params.taskId, caller);
        },
        'agent.reply': ({ params, ...caller }) => service.reply(params, caller),
        'agent.consent': ({ params, ...caller }) => service.consent(params, caller),
        'agent.cancel': ({ params, ...caller }) => service.cancel(params.taskId, caller),
        'agent.file': ({ params, ...caller }) => changes.file(params, caller),
        'agent.proposals': ({ params, ...caller }) => service.proposals(params, caller),
        'agent.apply': ({ params, ...caller }) => changes.apply(params, caller),
        'agent.reject': async ({ params, ...caller }) => {
          await changes.reject(params.taskId, caller);
          return service.info(params.taskId, caller);
        },
        'agent.rollback': ({ params, ...caller }) => changes.rollback(params, caller),
        'agent.settings.get': ({ params, ...caller }) => settings.get(params, caller),
        'agent.settings.set': ({ params, ...caller }) => settings.set(params, caller),
        'agent.redo': ({ params, ...caller }) => changes.redo(params, caller),
      },
    };
  },
});
