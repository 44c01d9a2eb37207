import type { FastifyInstance } from 'fastify';
import type { z } from 'zod';
import type { Client, Contract } from '#base/contract.ts';
import {
  defineModule,
  type HttpKit,
  type ModuleContext,
  type ModuleRuntime,
  type Needs,
} from '#kernel/module.ts';
import { systemCall } from '#kernel/rpc/call-context.ts';
import type { BoundMethod } from '#kernel/rpc/method.ts';
import { createStreamHub, defaultStreamLimits } from '#kernel/rpc/streams.ts';
import { createCallMeter } from '#kernel/telemetry/call-meter.ts';
import { newTraceId } from '#kernel/telemetry/trace.ts';
import { platformVersion } from '#kernel/version.ts';
import type { eventsContract } from '#modules/events/contract.ts';
import { gatewayConfig } from './config.ts';
import { createConnections } from './connections.ts';
import { gatewayContract } from './contract.ts';
import { createDocuments } from './documents.ts';
import { createExecutor } from './executor.ts';
import { isOffered } from './openrpc.ts';
import { mountRpcHttp } from './rpc-http.ts';
import { serveRpcSocket } from './rpc-socket.ts';
import { mountSockets } from './sockets.ts';
import { runTransportMethod, transportHandlers } from './transport-methods.ts';
import { mountTryPage } from './try-page.ts';
import { serveUpdatesSocket } from './updates-socket.ts';

/** Without `events` there are no updates to push. */
type GatewayNeeds = Needs & { readonly events?: typeof eventsContract };
type GatewayContext = ModuleContext<typeof gatewayContract, Needs, z.output<typeof gatewayConfig>>;

/** A gateway that offers the methods and paths of the given contracts. */
export function defineGateway<N extends GatewayNeeds>(needs: N) {
  const contracts: readonly Contract[] = [...Object.values(needs), gatewayContract];
  return defineModule({
    name: 'gateway',
    contract: gatewayContract,
    needs,
    edge: true,
    config: gatewayConfig,
    start: (context) => {
      const clients: { readonly events?: Client<typeof eventsContract> } = context.clients;
      return startGateway(context, { contracts, events: clients.events });
    },
  });
}

interface GatewayParts {
  readonly contracts: readonly Contract[];
  readonly events: Client<typeof eventsContract> | undefined;
}

function startGateway(context: GatewayContext, parts: GatewayParts): ModuleRuntime<typeof gatewayContract> {
  const { config, identity, log } = context;
  const allMethods = () => parts.contracts.flatMap((contract) => [...context.bound(contract)]);
  const documents = createDocuments(allMethods);
  // Shared by all HTTP faces of the process; made when the first is mounted, since that brings the metrics.
  let face: Face | undefined;
  context.defer(() => face?.[Symbol.dispose]());

  function mount(app: FastifyInstance, kit: HttpKit): void {
    face ??= createFace(context, { kit, methods: allMethods() });
    const { hub, connections, executor } = face;
    const { catalogue } = kit;
    const { events } = parts;
    mountRpcHttp(app, {
      kit,
      executor,
      log,
      transport: (method, params, user) => runTransportMethod(hub, { method, params, user }),
    });
    const rpc = { executor, catalogue, identity, hub, connections, log, limits: config };
    mountSockets(app, {
      kit,
      connections,
      messageLimitBytes: config.messageLimitBytes,
      paths: {
        '/ws': (socket, origin) => serveRpcSocket(socket, origin, rpc),
        ...(events === undefined
          ? {}
          : {
              '/ws/updates': (socket, origin) =>
                serveUpdatesSocket(socket, origin, { events, connections, limits: config, log }),
            }),
      },
    });
    mountTryPage(app, documents);
  }

  /** Subscribers learn that the platform is back. In the split form the events service may start later. */
  async function announceReady(): Promise<void> {
    const update = {
      topic: 'system.status' as const,
      data: { status: 'ready' as const, version: platformVersion() },
    };
    const call = systemCall({ traceId: newTraceId(), signal: context.stopping });
    try {
      await parts.events?.call('updates.announce', { update }, call);
    } catch (error) {
      log.debug({ err: error }, 'nobody was told that the platform is ready');
    }
  }

  return {
    routes: mount,
    recover: announceReady,
    handlers: { 'rpc.discover': () => documents.openRpc(), ...transportHandlers(() => face?.hub) },
  };
}

type Face = ReturnType<typeof createFace>;

function createFace(context: GatewayContext, parts: { kit: HttpKit; methods: readonly BoundMethod[] }) {
  const { config, identity, log, events } = context;
  const { catalogue, edgeMetrics, takeRate } = parts.kit;
  const stack = new DisposableStack();
  const hub = stack.use(createStreamHub({ catalogue, log, limits: { ...defaultStreamLimits, ...config } }));
  const connections = createConnections({
    identity,
    perUser: config.connectionsPerUser,
    heartbeatMs: config.heartbeatMs,
    gauge: edgeMetrics.sessions,
  });
  stack.use(connections);
  const revocations = events.subscribe('auth.revoked', ({ payload }) => {
    const { userId, credentialId } = payload as { userId?: string; credentialId?: string };
    connections.revoke({ userId, credentialId });
    if (userId !== undefined && credentialId === undefined) hub.cancelUser(userId);
  });
  stack.use(revocations);
  const offered = parts.methods.filter((method) => isOffered(method.definition));
  const executor = createExecutor({
    methods: new Map(offered.map((method) => [method.name, method])),
    takeRate,
    meter: createCallMeter(edgeMetrics.calls, catalogue),
  });
  return { hub, connections, executor, [Symbol.dispose]: () => stack.dispose() };
}
