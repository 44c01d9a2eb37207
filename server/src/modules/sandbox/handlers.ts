import type { Handlers } from '#kernel/module.ts';
import type { ServerCheck } from './checks.ts';
import type { sandboxContract } from './contract.ts';
import { describeFsEngine } from './engine/description.ts';
import type { Engines } from './engines.ts';
import { defaultsWithin } from './run/limits.ts';
import type { RunPart } from './run-part.ts';

type RunMethod = Exclude<keyof typeof sandboxContract.methods, `${'fs' | 'wasm' | 'micro'}.${string}`>;

/** The methods of the run engine and those of all engines together, each handed to the part that has its rules. */
export function createRunHandlers(
  part: RunPart,
  {
    engines,
    examine,
  }: { readonly engines: Engines; readonly examine: () => Promise<{ checks: ServerCheck[] }> },
): Pick<Handlers<typeof sandboxContract>, RunMethod> {
  const { runs, terminals, configs, history, grants, access } = part;
  return {
    'run.exec': ({ params, user, call }) => runs.exec(params, { user, call }),
    'run.stream': ({ params, user, call }) => runs.stream(params, { user, call }),
    'run.kill': async ({ params, user, call }) => {
      await runs.kill(params, { user, call });
      return { processId: params.processId };
    },
    'run.input': async ({ params, user }) => {
      await runs.input(params, user);
      return { processId: params.processId };
    },
    'run.list': async ({ params: { projectId }, user, call }) => {
      await access({ projectId, userId: user.userId, need: 'read' }, call);
      return { runs: runs.list(projectId).map(describeRun) };
    },
    'run.history': async ({ params: { projectId, cursor = null, limit }, user, call }) => {
      await access({ projectId, userId: user.userId, need: 'read' }, call);
      return history.page({ projectId, cursor, limit });
    },
    'run.config.list': async ({ params, user, call }) => ({
      configs: await configs.list(params.projectId, { user, call }),
    }),
    'run.config.save': ({ params, user, call }) => configs.save(params, { user, call }),
    'run.config.delete': ({ params, user, call }) => configs.remove(params, { user, call }),
    'run.terminal': ({ params, user, call }) => terminals.attach(params, { user, call }),
    'run.terminal.input': ({ params, user }) => {
      terminals.input(params, user);
      return { terminalId: params.terminalId };
    },
    'run.terminal.resize': ({ params, user }) => {
      terminals.resize(params, user);
      return { terminalId: params.terminalId };
    },
    'run.terminal.close': ({ params, user }) => terminals.close(params.terminalId, user),
    'run.terminal.list': async ({ params: { projectId }, user, call }) => {
      await access({ projectId, userId: user.userId, need: 'read' }, call);
      return { terminals: terminals.list(projectId, user) };
    },
    'sandbox.execute': ({ params, user, call }) => engines.execute(params, { user, call }),
    'sandbox.stream': ({ params, user, call }) => engines.stream(params, { user, call }),
    'sandbox.input': async ({ params, user, call }) => {
      await engines.input(params, { user, call });
      return { processId: params.processId };
    },
    'sandbox.stop': async ({ params, user, call }) => {
      await engines.stop(params.processId, { user, call });
      return { processId: params.processId };
    },
    'sandbox.engines': async () => {
      await part.micro.face.refresh();
      return {
        engines: [describeFsEngine(), ...engines.describe()],
        defaults: defaultsWithin(part.maxima),
        maxima: part.maxima,
      };
    },
    'sandbox.doctor': () => examine(),
    'sandbox.network.get': async ({ params, user, call }) => {
      const { mode, hosts } = await grants.get(params.projectId, { user, call });
      return { mode, hosts: [...hosts] };
    },
    'sandbox.network.check': ({ params }) => grants.check(params),
    'sandbox.network.set': async ({ params, user, call }) => {
      const { mode, hosts } = await grants.set(params, { user, call });
      return { mode, hosts: [...hosts] };
    },
  };
}

function describeRun(run: ReturnType<RunPart['runs']['list']>[number]) {
  const { memoryBytes, cpuMs, processes } = run.process.usage();
  return {
    processId: run.processId,
    projectId: run.projectId,
    userId: run.userId,
    command: run.command,
    args: [...run.args],
    startedAt: new Date(run.startedAtMs).toISOString(),
    memoryBytes,
    cpuMs,
    processes,
    outputBytes: run.process.outputBytes(),
  };
}
