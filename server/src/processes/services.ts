import type { AnyModule } from '#kernel/module.ts';
import { agents } from '../modules/agents/module.ts';
import { auth } from '../modules/auth/module.ts';
import { connections } from '../modules/connections/module.ts';
import { events } from '../modules/events/module.ts';
import { gateway } from '../modules/gateway/module.ts';
import { ledger } from '../modules/ledger/module.ts';
import { llm } from '../modules/llm/module.ts';
import { mcp } from '../modules/mcp/module.ts';
import { projects } from '../modules/projects/module.ts';
import { prompts } from '../modules/prompts/module.ts';
import { sandbox } from '../modules/sandbox/module.ts';
import { search } from '../modules/search/module.ts';
import { site } from '../modules/site/module.ts';

/** Every module of the platform. */
export const allModules: readonly AnyModule[] = [
  agents,
  auth,
  connections,
  events,
  gateway,
  ledger,
  llm,
  mcp,
  projects,
  prompts,
  sandbox,
  search,
  site,
];

export interface Service {
  readonly name: string;
  /** Port of this service in the split form. */
  readonly port: number;
  readonly modules: readonly AnyModule[];
  readonly servesStudio?: boolean;
}

/** The services of the split form, each with what it runs. */
export const services: readonly Service[] = [
  { name: 'studio', port: 6711, modules: [gateway, mcp], servesStudio: true },
  {
    name: 'gateway',
    port: 6813,
    modules: [gateway, mcp, projects, sandbox, prompts, search, agents, site, events, connections],
  },
  { name: 'llm', port: 6988, modules: [llm] },
  { name: 'auth', port: 6971, modules: [auth, ledger] },
];
