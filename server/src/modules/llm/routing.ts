import type { Database } from '#kernel/database/database.ts';
import type { Publish } from '#kernel/module.ts';
import type { llmContract } from './contract.ts';
import { Routing, type Task } from './contract-shapes.ts';
import { findRouting, upsertRouting } from './providers/provider-store.ts';

/** Without any choice of the administrator: what is there is used, local first, at these temperatures. */
const defaults: Routing = {
  autocomplete: { models: [], temperature: 0 },
  code: { models: [], temperature: 0.1 },
  refactor: { models: [], temperature: 0.1 },
  chat: { models: [], temperature: 0.2 },
  embed: { models: [], temperature: 0 },
  fallbacks: {},
  hedgeAfterMs: null,
};

export interface RoutingTable {
  read(): Promise<Routing>;
  update(
    change: { readonly [Key in keyof Routing]?: Routing[Key] | undefined },
    actorId: string,
  ): Promise<Routing>;
  /** Reads the table anew with the next use. */
  forget(): void;
}

export function createRouting(deps: {
  readonly database: Database;
  readonly publish: Publish<typeof llmContract>;
  readonly now: () => number;
}): RoutingTable {
  const { database, publish, now } = deps;
  let current: Promise<Routing> | undefined;

  async function load(): Promise<Routing> {
    const stored = await findRouting(database);
    return stored === undefined ? defaults : Routing.parse({ ...defaults, ...(stored as object) });
  }

  function read(): Promise<Routing> {
    current ??= load().catch((error: unknown) => {
      current = undefined;
      throw error;
    });
    return current;
  }

  return {
    read,
    async update(change, actorId) {
      const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
      const next = Routing.parse({ ...(await read()), ...given });
      await database.transaction(async (transaction) => {
        await upsertRouting(transaction, next, now());
        await publish('llm.providers_changed', { name: null, actorId }, { transaction, actorId });
      });
      current = undefined;
      return read();
    },
    forget() {
      current = undefined;
    },
  };
}

/** `auto` and `auto/<task>`; undefined for the name of a model. */
export function taskOf(modelName: string, usual: Task): Task | undefined {
  if (modelName === 'auto') return usual;
  const task = /^auto\/(autocomplete|code|refactor|chat|embed)$/.exec(modelName)?.[1];
  return task as Task | undefined;
}
