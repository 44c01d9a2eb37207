import type { UnaryMethodName } from '#base/contract.ts';
import { isFault } from '#base/fault.ts';
import { Principal } from '#base/principal.ts';
import { startPlatform } from '#kernel/platform.ts';
import { LazyCall } from '#kernel/rpc/call-context.ts';
import { newTraceId } from '#kernel/telemetry/trace.ts';
import { agentModules } from './agent-world.ts';

/** What a test asks of a platform in a process of its own. */
export interface Asking {
  readonly id: number;
  readonly module: string;
  readonly method: string;
  readonly params: unknown;
  readonly principal: unknown;
}

export type Told =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly code: string };

/** The platform as a process that a test can kill; it takes calls from its parent. */
async function main(): Promise<void> {
  const platform = await startPlatform({
    service: 'test',
    modules: agentModules,
    knownModules: agentModules,
    alone: true,
    environment: process.env,
  });
  process.on('message', async ({ id, module, method, params, principal }: Asking) => {
    const contract = agentModules.find(({ name }) => name === module)?.contract;
    if (contract === undefined) throw new Error(`no module ${module}`);
    const call = new LazyCall({
      principal: principal === null ? null : Principal.parse(principal),
      traceId: newTraceId(),
      address: '127.0.0.1',
      language: 'en',
    });
    try {
      const client = platform.composition.clientFor(contract);
      const result = await client.call(method as UnaryMethodName<typeof contract>, params as never, call);
      process.send?.({ id, result } satisfies Told);
    } catch (error) {
      process.send?.({ id, code: isFault(error) ? error.code : String(error) } satisfies Told);
    }
  });
  process.send?.({ id: 0, result: 'ready' } satisfies Told);
}

await main();
