import { defineModule } from '#kernel/module.ts';
import { systemCall } from '#kernel/rpc/call-context.ts';
import { newTraceId } from '#kernel/telemetry/trace.ts';
import { projectsContract } from '#modules/projects/contract.ts';
import { examineServer } from './checks.ts';
import { sandboxConfig } from './config.ts';
import { sandboxContract } from './contract.ts';
import { createFsHandlers } from './fs/handlers.ts';
import { createRunHandlers } from './handlers.ts';
import { createMicroHandlers } from './micro/handlers.ts';
import { startRunPart } from './run-part.ts';

export const sandbox = defineModule({
  name: 'sandbox',
  contract: sandboxContract,
  needs: { projects: projectsContract },
  config: sandboxConfig,
  migrations: new URL('./migrations/', import.meta.url),
  start: async (context) => {
    const part = await startRunPart(context);
    const { engine } = part;
    const examine = async () => ({
      checks: await examineServer({
        bubblewrap: engine.bubblewrap,
        driver: engine.driver.name,
        driverRefusals: engine.driverRefusals,
        dataDir: context.dataDir,
        qemu: context.config.qemu,
        databaseServer: process.env.DATABASE_URL !== undefined,
        ports: [],
      }),
    });
    const fs = createFsHandlers({
      projects: context.clients.projects,
      systemCall: () => systemCall({ traceId: newTraceId(), signal: context.stopping }),
      now: context.now,
      stopping: context.stopping,
      defer: context.defer,
      onError: (error) => context.log.warn({ err: error }, 'background work on files failed'),
      onOperation: (operation) => part.records.operation('fs', operation),
    });
    return {
      handlers: { ...fs, ...createRunHandlers(part, examine), ...createMicroHandlers(part.micro) },
      recover: part.recover,
      // Files work without it, so a missing engine is told, not fatal.
      health: () =>
        engine.bubblewrap.kind === 'works'
          ? { ok: true }
          : { ok: true, detail: `programs cannot run: ${engine.bubblewrap.reason.en}` },
    };
  },
});
