import type { ParsedParamsOf, ResultOf } from '#base/contract.ts';
import { fault } from '#base/fault.ts';
import type { Database } from '#kernel/database/database.ts';
import type { Publish } from '#kernel/module.ts';
import type { agentsContract } from './contract.ts';
import type { Clients } from './queue/runner.ts';
import { readEscalation, saveEscalation } from './queue/settings-store.ts';
import type { Caller, createTaskAccess } from './task-access.ts';

type C = typeof agentsContract;
type Settings = ResultOf<C, 'agent.settings.get'>;

/** What the owners of a project decide for all of its tasks. */
export function createSettings(deps: {
  readonly database: Database;
  readonly clients: Pick<Clients, 'llm'>;
  readonly access: ReturnType<typeof createTaskAccess>;
  readonly publish: Publish<C>;
  readonly now: () => number;
}) {
  const { database, clients, access, publish, now } = deps;
  return {
    async get({ projectId }: ParsedParamsOf<C, 'agent.settings.get'>, caller: Caller): Promise<Settings> {
      await access.project(projectId, caller, 'read');
      return { escalateTo: await readEscalation(database, projectId) };
    },

    /** @throws agents.model_unknown, and what projects say to somebody who does not own it */
    async set(
      { projectId, escalateTo }: ParsedParamsOf<C, 'agent.settings.set'>,
      caller: Caller,
    ): Promise<Settings> {
      await access.project(projectId, caller, 'own');
      if (escalateTo !== null) {
        const { data } = await clients.llm.call('llm.models', {}, caller.call);
        const known = data.some(({ id, capabilities }) => id === escalateTo && capabilities.chat);
        if (!known) throw fault('agents.model_unknown', { model: escalateTo });
      }
      const { userId } = caller.user;
      await database.transaction(async (transaction) => {
        await saveEscalation(transaction, { projectId, escalateTo, userId, at: new Date(now()) });
        await publish('agent.settings_changed', { projectId, userId, escalateTo }, { transaction });
      });
      return { escalateTo };
    },
  };
}
