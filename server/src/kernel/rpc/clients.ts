import type { Call, Client, Contract } from '#base/contract.ts';
import { fault } from '#base/fault.ts';
import { type BoundMethod, bindMethod, timeoutOf, withTimeout } from './method.ts';
import type { RemoteTransport } from './remote-client.ts';

/** Makes typed clients: a direct call where the module is in this process, a remote one where it is not. */
export interface ClientFactory {
  clientFor<C extends Contract>(contract: C): Client<C>;
  /** The contract's methods with their rules applied; of a module elsewhere, parsed here and called there. */
  bound(contract: Contract): readonly BoundMethod[];
}

export interface ClientFactoryOptions {
  /** Modules of this process by name; their methods may still be starting. */
  readonly localModules: ReadonlySet<string>;
  readonly methods: ReadonlyMap<string, BoundMethod>;
  readonly remote: RemoteTransport;
}

export function createClientFactory(options: ClientFactoryOptions): ClientFactory {
  const { localModules, methods, remote } = options;

  function local(name: string): BoundMethod {
    const method = methods.get(name);
    if (method === undefined) throw fault('common.unavailable', { service: name });
    return method;
  }

  function clientFor<C extends Contract>(contract: C): Client<C> {
    const definitionOf = (method: string) => {
      const definition = contract.methods[method];
      if (definition === undefined) throw new Error(`${contract.name} has no method ${method}`);
      return definition;
    };
    const client = localModules.has(contract.name)
      ? {
          call: async (method: string, params: unknown, call: Call) => local(method).invoke(params, call),
          stream: (method: string, params: unknown, call: Call) => local(method).open(params, call),
        }
      : {
          call: async (method: string, params: unknown, call: Call) => {
            const definition = definitionOf(method);
            // The other process keeps the time too, but one that hangs answers nothing at all.
            const answer = remote.call(contract, method, { params, call });
            return definition.result.parse(await withTimeout(answer, timeoutOf(definition), call));
          },
          stream: (method: string, params: unknown, call: Call) =>
            remoteStream(contract, method, { params, call }),
        };
    // Each method's types are restored here, where the contract's own schemas have parsed what passes.
    return client as unknown as Client<C>;
  }

  async function* remoteStream(contract: Contract, method: string, input: { params: unknown; call: Call }) {
    const definition = contract.methods[method];
    const source = remote.stream(contract, method, input);
    try {
      for (;;) {
        const step = await source.next();
        if (step.done === true) return definition?.result.parse(step.value);
        yield definition?.chunk?.parse(step.value);
      }
    } finally {
      await source.return(undefined);
    }
  }

  function bound(contract: Contract): readonly BoundMethod[] {
    return Object.entries(contract.methods).map(([name, definition]) => {
      if (localModules.has(contract.name)) return local(name);
      return bindMethod(contract, name, ({ params, call }) =>
        definition.chunk === undefined
          ? remote.call(contract, name, { params, call })
          : remote.stream(contract, name, { params, call }),
      );
    });
  }

  return { clientFor, bound };
}
