import { defineModule } from '#kernel/module.ts';
import { LazyCall } from '#kernel/rpc/call-context.ts';
import { platformVersion } from '#kernel/version.ts';
import { projectsContract } from '#modules/projects/contract.ts';
import { sandboxContract } from '#modules/sandbox/contract.ts';
import type { AgentUpdate } from './agent-session.ts';
import { connectionsConfig } from './config.ts';
import { connectionsContract } from './contract.ts';
import { createLinks } from './links.ts';
import { createConnectionService } from './service.ts';
import { deleteConnectionsOf } from './store.ts';
import { createUpdateQueue } from './update-queue.ts';

export const connections = defineModule({
  name: 'connections',
  contract: connectionsContract,
  needs: { projects: projectsContract, sandbox: sandboxContract },
  config: connectionsConfig,
  migrations: new URL('./migrations/', import.meta.url),
  start: ({ config, database, clients, publish, now, secret, events, defer }) => {
    const sealingKey = secret('connections');
    const links = createLinks({ sandbox: clients.sandbox, config, sealingKey, version: platformVersion() });
    defer(() => links[Symbol.asyncDispose]());
    const service = createConnectionService({
      database,
      projects: clients.projects,
      links,
      config,
      sealingKey,
      publish,
      now,
    });
    const purged = events.consume('connections.projects', 'project.purged', (event, transaction) =>
      deleteConnectionsOf(transaction, (event.payload as { projectId: string }).projectId),
    );
    defer(() => purged[Symbol.dispose]());
    // A server that another process has removed, or whose tools are approved anew, is not used as it was.
    const changed = events.subscribe('connection.changed', ({ payload }) => {
      const { change, connectionId } = payload as { change: string; connectionId: string };
      if (change === 'removed') void links.forget(connectionId);
    });
    defer(() => changed[Symbol.dispose]());

    return {
      handlers: {
        'connection.list': ({ params, ...caller }) => service.list(params, caller),
        'connection.add': ({ params, ...caller }) => service.add(params, caller),
        'connection.remove': ({ params, ...caller }) => service.remove(params.connectionId, caller),
        'connection.test': ({ params, ...caller }) => service.test(params.connectionId, caller),
        'connection.approve': ({ params, ...caller }) => service.approve(params, caller),
        'connection.tool.find': ({ params, ...caller }) => service.find(params, caller),
        'connection.reach': ({ params }) => service.reach(params),
        'connection.tool.describe': ({ params, ...caller }) => service.describeTool(params, caller),
        'connection.tool.call': ({ params, ...caller }) => service.callTool(params, caller),
        'connection.agent.prompt': async function* ({ params, call }) {
          const row = await service.agentNamed(params.projectId, params.agent);
          const leaving = new LazyCall({ ...call, onSignal: (abort) => onAbort(call.signal, abort) });
          const queue = createUpdateQueue<AgentUpdate>();
          const turn = links.useAgent(row, { taskId: params.taskId, call: leaving }, (session) =>
            session.prompt(params.text, queue.push, leaving.signal),
          );
          turn.then(queue.end, queue.end);
          try {
            yield* queue.drain();
            return await turn;
          } finally {
            leaving.abort(new Error('nobody reads any more'));
            await turn.catch(() => undefined);
          }
        },
        'connection.release': async ({ params }) => {
          await links.release(params.taskId);
          return {};
        },
      },
    };
  },
});

function onAbort(signal: AbortSignal, abort: (reason: unknown) => void): void {
  if (signal.aborted) abort(signal.reason);
  else signal.addEventListener('abort', () => abort(signal.reason), { once: true });
}
