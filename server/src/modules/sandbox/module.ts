import { defineModule } from '#kernel/module.ts';
import { systemCall } from '#kernel/rpc/call-context.ts';
import { newTraceId } from '#kernel/telemetry/trace.ts';
import { projectsContract } from '#modules/projects/contract.ts';
import { examineServer } from './checks.ts';
import { sandboxConfig } from './config.ts';
import { sandboxContract } from './contract.ts';
import { createEngines } from './engines.ts';
import { followProjects } from './follow-projects.ts';
import { createFsAccess } from './fs/access.ts';
import { createFsHandlers } from './fs/handlers.ts';
import { createKeeper } from './fs/keeper.ts';
import { createRunHandlers } from './handlers.ts';
import { createMicroHandlers } from './micro/handlers.ts';
import { startRunPart } from './run-part.ts';
import { startWasmPart } from './wasm/part.ts';

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
    const onError = (error: unknown) => context.log.warn({ err: error }, 'background work on files failed');
    const access = createFsAccess({
      projects: context.clients.projects,
      systemCall: () => systemCall({ traceId: newTraceId(), signal: context.stopping }),
      onError,
    });
    context.defer(async () => {
      await access[Symbol.asyncDispose]();
    });
    const keeper = createKeeper({ projects: context.clients.projects, now: context.now });
    const wasm = await startWasmPart(context, { run: part, access, keeper });
    const engines = createEngines([part.execution, wasm.execution, part.micro.face]);
    followProjects(context, {
      killWhere: [part.runs.killWhere, part.terminals.killWhere, wasm.killWhere],
      onDeleted: (projectId) => void wasm.forgetProject(projectId).catch(onError),
    });
    const fs = createFsHandlers({
      access,
      keeper,
      stopping: context.stopping,
      defer: context.defer,
      onError,
      onOperation: (operation) => part.records.operation('fs', operation),
    });
    return {
      handlers: {
        ...fs,
        ...wasm.handlers,
        ...createRunHandlers(part, { engines, examine }),
        ...createMicroHandlers(part.micro),
      },
      recover: part.recover,
      // Files work without it, so a missing engine is told, not fatal.
      health: () =>
        engine.bubblewrap.kind === 'works'
          ? { ok: true }
          : { ok: true, detail: `programs cannot run: ${engine.bubblewrap.reason.en}` },
    };
  },
});
