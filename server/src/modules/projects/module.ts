import { setTimeout as sleep } from 'node:timers/promises';
import { clearStaging } from '#kernel/files/staging.ts';
import { defineModule } from '#kernel/module.ts';
import { authContract } from '#modules/auth/contract.ts';
import { createAccess } from './access.ts';
import { createBirth } from './birth.ts';
import { projectsConfig } from './config.ts';
import { projectsContract } from './contract.ts';
import { createFileHistory } from './file-history.ts';
import { createProjectFolders } from './folders.ts';
import { probeConfinement } from './git/confinement.ts';
import { createGit } from './git/git.ts';
import { createHandlers } from './handlers.ts';
import { createHistoryStore } from './history-store.ts';
import { createImports } from './imports.ts';
import { createMembers } from './members.ts';
import { createRepository } from './repository.ts';
import { mountProjectRoutes } from './routes.ts';
import { createProjectService } from './service.ts';
import { createProjectStore } from './store.ts';
import { createUsage } from './usage.ts';
import { createUsageStore } from './usage-store.ts';

const hourMs = 3_600_000;

export const projects = defineModule({
  name: 'projects',
  contract: projectsContract,
  needs: { auth: authContract },
  config: projectsConfig,
  migrations: new URL('./migrations/', import.meta.url),
  start: async (context) => {
    const { database, config, publish, now, log, stopping, clients, dataDir } = context;
    const folders = createProjectFolders(dataDir);
    const store = createProjectStore(database);
    const usage = createUsage({ store: createUsageStore(database), folders, config, now, log });
    context.defer(async () => {
      await usage[Symbol.asyncDispose]();
    });
    const access = createAccess({ store, folders, usage, config, now });
    const git = createGit({ confinement: await probeConfinement(), timeoutMs: config.gitTimeoutMs, now });
    const history = createFileHistory({
      database,
      store: createHistoryStore(database),
      projects: store,
      access,
      config,
      publish,
      now,
    });
    const service = createProjectService({
      database,
      store,
      access,
      folders,
      usage,
      git,
      config,
      publish,
      now,
    });
    const birth = createBirth({ database, store, folders, usage, git, config, publish, now });
    const imports = createImports({ birth, git, usage, config });
    const members = createMembers({ database, store, access, auth: clients.auth, publish, now });
    const repository = createRepository({ access, git, history, usage, config, publish, now });

    const changes = context.events.subscribe('project.*', ({ payload }) => {
      const { projectId } = payload as { projectId?: string };
      if (projectId !== undefined) access.forget(projectId);
    });
    context.defer(() => changes[Symbol.dispose]());
    const departures = context.events.consume('projects.members', 'user.deleted', (event, transaction) =>
      members.forgetUser((event.payload as { userId: string }).userId, transaction),
    );
    context.defer(() => departures[Symbol.dispose]());

    const counting = every(config.countSeconds * 1000, () => usage.countActive());
    const keeping = every(hourMs, async () => {
      await service.purgeExpired();
      await history.collect();
    });
    context.defer(async () => {
      await Promise.all([counting, keeping]);
    });

    async function every(intervalMs: number, work: () => Promise<void>): Promise<void> {
      while (!stopping.aborted) {
        await sleep(intervalMs, undefined, { signal: stopping, ref: false }).catch(() => undefined);
        if (stopping.aborted) return;
        await work().catch((error: unknown) => log.warn({ err: error }, 'housekeeping of projects failed'));
      }
    }

    return {
      recover: async () => {
        await service.removeOrphans();
        await service.purgeExpired();
        await history.collect();
        for (const id of await store.allIds()) await clearStaging(folders.of(id).stagingPath, now() - hourMs);
      },
      routes: (app, kit) => mountProjectRoutes(app, kit, { access, imports }),
      health: () =>
        git.confinement.kind === 'bubblewrap'
          ? { ok: true }
          : { ok: true, detail: 'git is not confined: bubblewrap cannot run here' },
      handlers: createHandlers({
        access,
        birth,
        history,
        imports,
        members,
        repository,
        service,
        usage,
        config,
      }),
    };
  },
});
